import type { BigIntStats } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { folderTimes } from "./folder-times.ts";

const signal = new AbortController().signal;
const at = (mtimeNs: bigint) => ({ mtimeNs }) as BigIntStats;

describe("the times of folders", () => {
  /** What each folder says, and how many names it has. */
  let folders: Map<string, { mtimeNs: bigint; names: number }>;
  let nowMs: number;
  beforeEach(() => {
    folders = new Map([
      ["/in", { mtimeNs: 10_000_000n, names: 1 }],
      ["/in/deep", { mtimeNs: 20_000_000n, names: 5 }],
    ]);
    nowMs = 1_000;
  });

  const aLook = () => {
    const stat = async (path: string) => {
      await Promise.resolve(); // as a file system: what was called for meanwhile comes first
      const folder = folders.get(path);
      return folder && at(folder.mtimeNs);
    };
    const times = folderTimes(stat, () => nowMs);
    const begun = async () => {
      const listing = times.begin();
      for (const [path, { mtimeNs, names }] of folders)
        await listing.saw({ path, found: at(mtimeNs), names, isNear: path === "/in" });
      return listing;
    };
    return { begun, list: async () => (await begun()).end(), areUnchanged: () => times.areUnchanged(signal) };
  };
  /** Lists at first sight, and when that is long ago. */
  const settle = async (list: () => Promise<void>) => {
    await list();
    nowMs += 3_001;
    await list();
  };

  it("say nothing before a listing, and nothing after one that broke off", async () => {
    const { begun, areUnchanged } = aLook();
    expect(await areUnchanged()).toBe(false);
    await settle(async () => void (await begun()));
    expect(await areUnchanged()).toBe(false);
  });

  it("tell that nothing changed once the names were read when they were older than any rounding", async () => {
    const { list, areUnchanged } = aLook();
    await list();
    nowMs += 3_000;
    await list();
    expect(await areUnchanged()).toBe(false);
    nowMs += 1;
    // What came meanwhile may lie under the same time: it must be read once more.
    expect(await areUnchanged()).toBe(false);
    await list();
    expect(await areUnchanged()).toBe(true);
  });

  it.each<[string, () => void]>([
    ["a name came", () => folders.set("/in/deep", { mtimeNs: 21_000_000n, names: 6 })],
    ["a name was replaced", () => folders.set("/in/deep", { mtimeNs: 21_000_000n, names: 5 })],
    [
      "a folder was put in its place with an older time",
      () => folders.set("/in/deep", { mtimeNs: 19_000_000n, names: 5 }),
    ],
    [
      "a folder has gone",
      () => {
        folders.delete("/in/deep");
        folders.set("/in", { mtimeNs: 11_000_000n, names: 0 });
      },
    ],
  ])("tell that %s, until the next listing", async (_, change) => {
    const { list, areUnchanged } = aLook();
    await settle(list);
    change();
    expect(await areUnchanged()).toBe(false);
    await settle(list);
    expect(await areUnchanged()).toBe(true);
  });

  it("are asked through the thread pool where the file system is not near", async () => {
    const asked: [string, boolean][] = [];
    const times = folderTimes(
      async (path, isNear) => {
        asked.push([path, isNear]);
        return at(1_000_000n);
      },
      () => nowMs,
    );
    await settle(async () => {
      const listing = times.begin();
      for (const path of ["/near", "/far"])
        await listing.saw({ path, found: at(1_000_000n), names: 0, isNear: path === "/near" });
      listing.end();
    });
    await times.areUnchanged(signal);
    expect(asked).toEqual([
      ["/near", true],
      ["/far", false],
    ]);
  });

  it("are not relied on any more where a name came that they did not tell of", async () => {
    const { list, areUnchanged } = aLook();
    await settle(list);
    folders.set("/in/deep", { mtimeNs: 20_000_000n, names: 6 });
    expect(await areUnchanged()).toBe(true);
    await settle(list);
    expect(await areUnchanged()).toBe(false);
  });

  it("are relied on where a name came just after its folder was asked: it tells of it the next time", async () => {
    const { begun, list, areUnchanged } = aLook();
    await settle(list);
    folders.set("/in", { mtimeNs: 10_000_000n, names: 2 });
    const listing = begun(); // has the old time and the new names when the folder is asked once more
    folders.set("/in", { mtimeNs: 11_000_000n, names: 2 });
    (await listing).end();
    expect(await areUnchanged()).toBe(false);
    await settle(list);
    expect(await areUnchanged()).toBe(true);
  });

  it("are taken at their word after 100 ms where they are no whole milliseconds", async () => {
    const { list, areUnchanged } = aLook();
    folders.set("/in", { mtimeNs: 1_790_000_000_123_456_789n, names: 1 }).delete("/in/deep");
    await list();
    nowMs += 100;
    await list();
    expect(await areUnchanged()).toBe(false);
    nowMs += 1;
    await list();
    expect(await areUnchanged()).toBe(true);
    folders.set("/in", { mtimeNs: 1_790_000_000_123_000_000n, names: 1 });
    await list();
    nowMs += 3_000;
    await list();
    expect(await areUnchanged()).toBe(false);
  });

  it.each([
    ["rounded", 20_000_000n, 2_000],
    ["those of a kernel's tick", 20_004_321n, 500],
  ])("may be %s: what came under a time that was just seen is no proof against them", async (_, mtimeNs, laterMs) => {
    const { list, areUnchanged } = aLook();
    folders.set("/in/deep", { mtimeNs, names: 5 });
    await list();
    nowMs += laterMs;
    folders.set("/in/deep", { mtimeNs, names: 6 });
    await settle(list);
    expect(await areUnchanged()).toBe(true);
  });

  it("end with the signal", async () => {
    const times = folderTimes(async () => at(1_000_000n));
    const listing = times.begin();
    await listing.saw({ path: "/in", found: at(1_000_000n), names: 0, isNear: false });
    listing.end();
    await expect(times.areUnchanged(AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
  });
});
