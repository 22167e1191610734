import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const repository = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(repository, path), "utf8");

test("tests, and the processes that they start, run on the Node that the repository pins", () => {
  const pinned = /"node": "([\d.]+)"/.exec(read("package.json"))?.[1];
  expect(process.version).toBe(`v${pinned ?? "?"}`);
  expect(execFileSync(process.execPath, ["--version"], { encoding: "utf8" }).trim()).toBe(process.version);
});

test("pnpm judges the packages by the pinned Node, not by the one that starts it", () => {
  const pinned = /"node": "([\d.]+)"/.exec(read("package.json"))?.[1];
  expect(read("pnpm-workspace.yaml")).toMatch(
    new RegExp(`^nodeVersion: ${pinned?.replaceAll(".", "\\.") ?? "?"}\\b`, "m"),
  );
});

test("the lock file names packages, not the places that one machine fetched them from", () => {
  expect(read("pnpm-lock.yaml")).not.toMatch(/https?:\/\/|tarball:|registry[.:=]/);
});
