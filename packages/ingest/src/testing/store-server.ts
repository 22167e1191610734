import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ListeningServer } from "./listening-server.ts";

/** s3rver answers a truncated listing with a token that it encrypts by DES. */
const nodeFlags = ["--openssl-legacy-provider", "--disable-warning=DEP0040"];

/** Starts a store from the npm registry, in a process and a folder of its own: s3rver, or Azurite. */
export const startStoreServer = async (kind: "s3" | "azure"): Promise<ListeningServer> => {
  const folder = await mkdtemp(join(tmpdir(), `relay-${kind}-`));
  const script = fileURLToPath(new URL("./store-server-process.ts", import.meta.url));
  const args = kind === "s3" ? [kind, folder] : [];
  const child = spawn(process.execPath, [...nodeFlags, script, ...args], { cwd: folder, stdio: "pipe" });
  const exited = once(child, "exit");
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    const read = (data: Buffer) => {
      output += data.toString();
      const address = /listens on (http:\/\/\S+)/.exec(output)?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", () => reject(new Error(`the ${kind} server did not start: ${output}`)));
  });
  return {
    url,
    close: async () => {
      child.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
};
