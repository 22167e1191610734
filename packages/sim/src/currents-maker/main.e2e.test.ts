import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { keysBelow } from "./reading-back.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const run = promisify(execFile);

const folder = async () => {
  const path = await mkdtemp(join(tmpdir(), "currents-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
};

test("the command writes files and a manifest and says in one line what it wrote", async () => {
  const into = await folder();
  const manifest = join(await folder(), "ids.ndjson");
  const args = ["--into", into, "--events", "200", "--types", "users.messages.email.*", "--codec", "mixed"];
  const { stdout } = await run(process.execPath, [main, ...args, "--anonymous", "0.5", "--manifest", manifest]);
  const said = /^200 events in 10 files; 200 ids, 0 repeats; (\d+) ids to deliver\n$/.exec(stdout);
  expect(said).not.toBeNull();
  expect(await keysBelow(into)).toHaveLength(10);
  expect((await readFile(manifest, "utf8")).trimEnd().split("\n")).toHaveLength(Number(said?.[1]));
});

test.each([
  [["--events", "1"], "--into is missing"],
  [["--into", "x"], "--events is missing"],
  [["--into", "x", "--events", "many"], "--events many is not possible"],
  [["--into", "x", "--events", "1", "--codec", "zip"], "--codec zip is none of null, deflate"],
  [["--into", "x", "--events", "1", "--duplicates", "2"], "--duplicates 2"],
  [["--into", "x", "--events", "1", "--types", "nope"], "no event type matches nope"],
  [["--into", "x", "--events", "1", "--base-time", "soon"], "--base-time soon is no time"],
])("the flags %j are refused with a reason", async (args, message) => {
  const failed = run(process.execPath, [main, ...args]);
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
});

test("--help shows the flags", async () => {
  const { stdout } = await run(process.execPath, [main, "--help"]);
  expect(stdout).toContain("--manifest FILE");
});
