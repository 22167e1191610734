import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { takeFolder } from "./folder-lock.ts";

const aFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "relay-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

test("a folder is taken by one at a time, and is free again when it is released", () => {
  const folder = aFolder();
  const first = takeFolder(folder);
  expect(first).toBeDefined();
  expect(takeFolder(folder)).toBeUndefined();
  expect(takeFolder(aFolder())).toBeDefined();
  first?.release();
  first?.release();
  expect(takeFolder(folder)).toBeDefined();
});

test("a folder that another process has taken is free when that was killed", async () => {
  const folder = aFolder();
  const text = `
    import { takeFolder } from ${JSON.stringify(join(import.meta.dirname, "folder-lock.ts"))};
    globalThis.taken = takeFolder(${JSON.stringify(folder)});
    console.log("taken");
    setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  expect(takeFolder(folder)).toBeUndefined();
  child.kill("SIGKILL");
  await once(child, "close");
  expect(takeFolder(folder)).toBeDefined();
});

test("a folder that is not there cannot be taken", () => {
  expect(() => takeFolder(join(aFolder(), "nowhere"))).toThrow("unable to open");
});
