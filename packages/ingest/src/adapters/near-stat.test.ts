import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nearStat } from "./near-stat.ts";

describe("asking about a path", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "relay-stat-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each([true, false])("gives the same at once and through the thread pool (near: %s)", async (isNear) => {
    const { stat: ask } = nearStat();
    await writeFile(join(folder, "file"), "four");
    await mkdir(join(folder, "sub"));
    await symlink("file", join(folder, "link"));
    await symlink("nowhere", join(folder, "broken"));
    await symlink("loop", join(folder, "loop"));
    expect((await ask(join(folder, "file"), isNear))?.size).toBe(4n);
    expect((await ask(join(folder, "link"), isNear))?.isFile()).toBe(true);
    expect((await ask(join(folder, "sub"), isNear))?.isDirectory()).toBe(true);
    for (const none of ["broken", "loop", "gone", "file/below"])
      expect(await ask(join(folder, none), isNear), none).toBeUndefined();
    await expect(ask(join(folder, "x".repeat(300)), isNear)).rejects.toThrow("ENAMETOOLONG");
  });

  it.each([true, false])("reads the same names at once and through the thread pool (small: %s)", async (isSmall) => {
    const { names } = nearStat();
    await writeFile(join(folder, "file"), "four");
    await mkdir(join(folder, "sub"));
    const found = await names(folder, isSmall);
    expect(new Map(found.map((one) => [one.name, one.isDirectory()]))).toEqual(
      new Map([
        ["file", false],
        ["sub", true],
      ]),
    );
    await expect(names(join(folder, "gone"), isSmall)).rejects.toThrow("ENOENT");
  });

  it("keeps nobody waiting for a turn where the file system is near", async () => {
    const { stat: ask } = nearStat();
    await ask(folder, true); // begins a slice of time
    let isLater = false;
    setImmediate(() => (isLater = true));
    await ask(folder, true);
    expect(isLater).toBe(false);
  });

  it("keeps nobody waiting who has not asked for a while", async () => {
    const { stat: ask } = nearStat();
    await ask(folder, true);
    await delay(20); // longer than a slice of time
    let isLater = false;
    setImmediate(() => (isLater = true));
    await ask(folder, true);
    expect(isLater).toBe(false);
  });

  it.each(["stat", "names"] as const)("lets others have their turn (%s)", async (what) => {
    const { [what]: ask } = nearStat();
    await ask(folder, true); // begins a slice of time
    let isTheirTurn = false;
    setImmediate(() => (isTheirTurn = true));
    const startedMs = performance.now();
    while (!isTheirTurn && performance.now() - startedMs < 1_000) await ask(folder, true);
    expect(isTheirTurn).toBe(true);
  });

  it("takes what it cannot find out for far", async () => {
    const { isNear } = nearStat();
    expect(await isNear(1n, join(folder, "gone"))).toBe(false);
    // Of the kernel's own file systems none is a disk.
    const proc = await stat("/proc", { bigint: true }).catch(() => undefined);
    if (proc) expect(await isNear(proc.dev, "/proc")).toBe(false);
  });
});
