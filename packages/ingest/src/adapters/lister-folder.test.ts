import { fileId } from "@currents-relay/shared/core/ids.ts";
import { beforeEach, describe, expect, it } from "vitest";
import type { SourceObject } from "../ports.ts";
import { ListedInPart } from "../core/listed-in-part.ts";
import { type MemoryLedger, memoryLedger } from "../testing/memory-ledger.ts";
import { folderFinder } from "./lister-folder.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const signal = new AbortController().signal;

describe("finding what is new in a folder", () => {
  let nowMs: number;
  let files: Map<string, string>;
  let ledger: MemoryLedger;
  beforeEach(() => {
    nowMs = Date.parse("2026-11-23T12:00:00Z");
    files = new Map();
    ledger = memoryLedger();
    [listings, listingMs, isUnchanged, fault] = [0, 0, undefined, undefined];
  });

  /** How often everything was listed, how long that took, and whether the source says that nothing changed. */
  let listings: number;
  let listingMs: number;
  let isUnchanged: boolean | undefined;
  /** What a part of the source cannot be listed for. */
  let fault: ListedInPart | undefined;
  const aFinder = (sinceMs?: number) => {
    const list = async function* (): AsyncGenerator<SourceObject> {
      listings += 1;
      nowMs += listingMs;
      for (const [key, version] of files)
        yield { key, uri: `file:///${key}`, version, bytes: 1, landedAtMs: Date.parse("2026-01-01T00:00:00Z") };
      if (fault) throw fault;
    };
    const source = isUnchanged === undefined ? { list } : { list, isUnchanged: async () => isUnchanged ?? false };
    return folderFinder(source, { now: () => nowMs, sinceMs });
  };
  /** One round, everything in it finished: what was new, and of how many files the ledger was asked. */
  const round = async (finder: ReturnType<typeof aFinder>, isFresh = false) => {
    const found: string[] = [];
    let asked = 0;
    const { marks } = await ledger.open();
    if (!isFresh && (await finder.isUnchanged?.(signal))) return { found, asked };
    for await (const find of finder.round({ marks, isFresh }, signal)) {
      if (find.kind === "gone") await ledger.forget(find.scope, find.unseenSinceMs);
      if (find.kind !== "objects") continue;
      asked += find.objects.length;
      for (const { object, atMs } of find.objects) {
        const id = fileId("c", object.uri, object.version);
        const { unseen } = await ledger.take(find.scope, [{ id, atMs }]);
        if (unseen.length > 0) found.push(object.key);
        await ledger.finish(id);
      }
    }
    return { found, asked };
  };

  it("asks the ledger once of each file, whatever its time says", async () => {
    const finder = aFinder();
    for (let index = 0; index < 1_200; index++) files.set(`${index}.avro`, "1");
    expect((await round(finder, true)).found).toHaveLength(1_200);
    files.set("copied with its old time.avro", "1");
    expect(await round(finder)).toEqual({ found: ["copied with its old time.avro"], asked: 1 });
    expect(await round(finder)).toEqual({ found: [], asked: 0 });
  });

  it("offers a file again that was forgotten, also in the middle of a round, although nothing has changed", async () => {
    isUnchanged = true;
    const finder = aFinder();
    for (const key of ["a", "b"]) files.set(key, "1");
    await round(finder, true);
    await round(finder);
    finder.forget?.({ uri: "file:///a", version: "1" });
    expect((await round(finder)).asked).toBe(1);
    finder.forget?.({ uri: "file:///a", version: "1" });
    const { marks } = await ledger.open();
    for await (const _ of finder.round({ marks, isFresh: false }, signal))
      finder.forget?.({ uri: "file:///a", version: "1" });
    expect((await round(finder)).asked).toBe(1);
    expect((await round(finder)).asked).toBe(0);
  });

  it("asks of all of them again when the ledger is another one", async () => {
    const finder = aFinder();
    files.set("a", "1");
    await round(finder, true);
    ledger = memoryLedger();
    expect((await round(finder, true)).found).toEqual(["a"]);
  });

  it("offers a file again that was not queued when its round broke off", async () => {
    const finder = aFinder();
    files.set("a", "1");
    await round(finder, true);
    files.set("b", "1");
    const { marks } = await ledger.open();
    for await (const find of finder.round({ marks, isFresh: false }, signal)) if (find.kind === "objects") break;
    expect((await round(finder)).found).toEqual(["b"]);
  });

  it("forgets a file a week after it has gone, and never one that is there", async () => {
    const finder = aFinder();
    files.set("stays", "1").set("goes", "1");
    await round(finder, true);
    files.delete("goes");
    for (let day = 0; day < 6; day++) {
      nowMs += dayMs;
      await round(finder);
    }
    expect(ledger.size()).toBe(2);
    files.set("goes", "1");
    expect((await round(finder)).found).toEqual([]);
    files.delete("goes");
    for (let day = 0; day < 8; day++) {
      nowMs += dayMs;
      expect((await round(finder)).found).toEqual([]);
    }
    expect(ledger.size()).toBe(1);
  });

  it("finds what can be listed, once, tells of the rest at the end of each round, and forgets nothing then", async () => {
    const finder = aFinder();
    for (const key of ["readable", "in a folder that is locked later"]) files.set(key, "1");
    await round(finder, true);
    files.delete("in a folder that is locked later");
    files.set("new", "1");
    fault = new ListedInPart("it is locked");
    for (let day = 0; day < 9; day++) {
      nowMs += dayMs;
      await expect(round(finder)).rejects.toThrow("it is locked");
    }
    expect(ledger.size()).toBe(3);
    const { marks } = await ledger.open();
    const again = finder.round({ marks, isFresh: false }, signal)[Symbol.asyncIterator]();
    await expect(again.next()).rejects.toThrow("it is locked");
    fault = undefined;
    files.set("in a folder that is locked later", "1");
    expect((await round(finder)).found).toEqual([]);
  });

  it("forgets nothing while the folder is empty: its mount may be missing", async () => {
    const finder = aFinder();
    files.set("a", "1");
    await round(finder, true);
    files.clear();
    for (let day = 0; day < 9; day++) {
      nowMs += dayMs;
      await round(finder);
    }
    files.set("a", "1");
    expect((await round(finder)).found).toEqual([]);
  });

  describe("of which the source knows whether it has changed", () => {
    /** Two rounds after which nothing moves. */
    const settled = async () => {
      isUnchanged = true;
      files.set("a", "1");
      const finder = aFinder();
      await round(finder, true);
      await round(finder);
      expect(listings).toBe(2);
      return finder;
    };

    it("lists nothing while nothing has changed, and all when something has", async () => {
      const finder = await settled();
      for (let rounds = 0; rounds < 9; rounds++) {
        nowMs += 500;
        expect(await round(finder)).toEqual({ found: [], asked: 0 });
      }
      expect(listings).toBe(2);
      isUnchanged = false;
      files.set("b", "1");
      expect((await round(finder)).found).toEqual(["b"]);
    });

    it("lists all every 5 s: a file may be written over in place", async () => {
      const finder = await settled();
      files.set("a", "2");
      nowMs += 4_999;
      expect((await round(finder)).found).toEqual([]);
      nowMs += 1;
      expect((await round(finder)).found).toEqual(["a"]);
    });

    it("lists on while files change: one may still be written to", async () => {
      const finder = await settled();
      nowMs += 5_000;
      for (const version of ["2", "3", "4"]) {
        files.set("a", version);
        expect((await round(finder)).found).toEqual(["a"]);
      }
      expect(await round(finder)).toEqual({ found: [], asked: 0 });
      files.set("a", "5");
      expect((await round(finder)).found).toEqual([]);
    });

    it("lists again after a round that broke off", async () => {
      const finder = await settled();
      isUnchanged = false;
      files.set("b", "1");
      const { marks } = await ledger.open();
      for await (const find of finder.round({ marks, isFresh: false }, signal)) if (find.kind === "objects") break;
      isUnchanged = true;
      expect((await round(finder)).found).toEqual(["b"]);
    });

    it.each([120_000, 2 * hourMs])("lists all when the clock was set back by %i ms, and rests then", async (backMs) => {
      const finder = await settled();
      nowMs += hourMs / 2;
      await round(finder);
      expect(listings).toBe(3);
      nowMs -= backMs;
      // The ledger is told of everything when the hour may be over.
      expect((await round(finder)).asked).toBe(backMs > hourMs ? 1 : 0);
      await round(finder);
      expect(listings).toBe(4);
    });

    it("tells a new ledger of everything also when the round in which it met it breaks off", async () => {
      const finder = await settled();
      ledger = memoryLedger();
      const { marks } = await ledger.open();
      for await (const find of finder.round({ marks, isFresh: true }, signal)) if (find.kind === "objects") break;
      expect((await round(finder)).found).toEqual(["a"]);
    });

    it("lists all for a ledger that it has not met, and every hour for what has gone", async () => {
      const finder = await settled();
      ledger = memoryLedger();
      expect((await round(finder, true)).found).toEqual(["a"]);
      nowMs += hourMs;
      expect((await round(finder)).asked).toBe(1);
    });

    it.each([
      [2_000, 20_000],
      [20_000, 60_000],
    ])("what takes %i ms to list is listed every %i ms", async (tookMs, everyMs) => {
      listingMs = tookMs;
      const finder = await settled();
      nowMs += everyMs - 1;
      await round(finder);
      expect(listings).toBe(2);
      nowMs += 1;
      await round(finder);
      expect(listings).toBe(3);
    });
  });

  it("takes nothing from before `since`: by its hour, or else by its time", async () => {
    files.set("event_type=a/date=2026-11-20-10/old.avro", "1");
    files.set("event_type=a/date=2026-11-21-10/new.avro", "1");
    files.set("flat.avro", "1");
    const { found } = await round(aFinder(Date.parse("2026-11-21T00:00:00Z")), true);
    expect(found).toEqual(["event_type=a/date=2026-11-21-10/new.avro"]);
  });
});
