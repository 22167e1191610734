import { createRequire } from "node:module";

/** The process of one store (see store-server.ts): `s3 FOLDER` or `azure`. Prints its address; ends with its parent. */
const [, , kind, folder] = process.argv;
process.stdin.on("end", () => process.kill(process.pid)).resume();
const require = createRequire(import.meta.url);

if (kind === "s3") {
  // s3rver brings no types; this is all that is used of it.
  const S3rver = require("s3rver") as new (options: object) => { run: () => Promise<{ port: number }> };
  const server = new S3rver({ port: 0, address: "127.0.0.1", silent: true, directory: folder, vhostBuckets: false });
  const { port } = await server.run();
  process.stdout.write(`listens on http://127.0.0.1:${port}\n`);
} else {
  const flags = "--blobHost 127.0.0.1 --blobPort 0 --inMemoryPersistence --skipApiVersionCheck --disableTelemetry";
  process.argv.push(...flags.split(" "));
  void require("azurite/dist/src/blob/main.js");
}
