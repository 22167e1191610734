import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const run = promisify(execFile);

const folder = async () => {
  const path = await mkdtemp(join(tmpdir(), "segment-sim-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
};

test("the command listens, follows its script, logs, and ends cleanly on SIGTERM", async () => {
  const path = await folder();
  await writeFile(join(path, "script.json"), JSON.stringify([{ times: 1, then: { status: 503 } }]));
  const log = join(path, "calls.ndjson");
  const args = [main, "--port", "0", "--script", join(path, "script.json"), "--keys", "key-1,key-2", "--log", log];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer]; // stdout has no encoding set
  const url = /^segment-sim listens on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line.toString())?.[1] ?? "";
  const send = (writeKey: string) =>
    fetch(`${url}/v1/batch`, {
      method: "POST",
      body: JSON.stringify({ batch: [{ messageId: "a", userId: "u" }], writeKey }),
    });
  expect((await send("key-2")).status).toBe(503);
  expect((await send("key-2")).status).toBe(200);
  expect((await send("nobody")).status).toBe(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect((await readFile(log, "utf8")).trimEnd().split("\n")).toHaveLength(1);
});

test.each([
  [["--port", "x"], "--port x is no port"],
  [[], "--port is missing"],
  [["--port", "0", "--bad"], "--bad"],
  [["--port", "0", "--region", "moon"], "--region moon"],
  [["--port", "0", "--script", "/nowhere.json"], "--script /nowhere.json"],
])("the flags %j are refused with a reason", async (args, message) => {
  const failed = run(process.execPath, [main, ...args]);
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
});

test("--help shows the flags", async () => {
  const { stdout } = await run(process.execPath, [main, "--help"]);
  expect(stdout).toContain("--script FILE");
});
