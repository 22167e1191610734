import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const script = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ resolve: (specifier, context, next) => (loaded.push(specifier), next(specifier, context)) });
const [{ s3Store }, { gcsStore }, { azureStore }] = await Promise.all(
  ["s3", "gcs", "azure"].map((kind) => import(process.argv[1] + kind + "-source.ts")),
);
s3Store({ bucket: "b" });
gcsStore({ bucket: "b" });
azureStore({ container: "c", access: { account: "a" } });
process.stdout.write(JSON.stringify(loaded));
`;

it("the clients of S3, Google and Azure are not loaded before a source of theirs is used", async () => {
  const args = ["--input-type=module", "--eval", script, fileURLToPath(new URL(".", import.meta.url))];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const loaded: string[] = JSON.parse(stdout);
  expect(loaded.length).toBeGreaterThan(5);
  expect(loaded.filter((specifier) => /^@(aws-sdk|google-cloud|azure)\//.test(specifier))).toEqual([]);
});
