import type { FileId } from "@currents-relay/shared/core/ids.ts";
import { beforeEach, describe, expect, it } from "vitest";
import type { ListingLedger } from "./redis-ledger.ts";

const files = (...names: string[]) => names.map((name) => ({ id: name as FileId, atMs: 1_000 })); // a test's own ids
const a = "a" as FileId;
const b = "b" as FileId;

/** What a ledger promises, in memory and in Redis. */
export const ledgerContract = (name: string, open: () => ListingLedger): void => {
  describe(`a ledger ${name}`, () => {
    let ledger: ListingLedger;
    beforeEach(() => {
      ledger = open();
    });

    it("is new once, and keeps its birth", async () => {
      const first = await ledger.open();
      expect(first).toMatchObject({ isNew: true, marks: { sweep: undefined } });
      expect(first.marks.scopes.size).toBe(0);
      expect(await ledger.open()).toMatchObject({ isNew: false, birth: first.birth });
    });

    it("has a file unseen once, then open until it is finished, then never again", async () => {
      expect(await ledger.take("s", files("a", "b"))).toEqual({ unseen: ["a", "b"], open: [] });
      expect(await ledger.take("s", files("b", "c"))).toEqual({ unseen: ["c"], open: ["b"] });
      expect(await ledger.openFiles()).toBe(3);
      await ledger.finish(b);
      await ledger.finish(b);
      expect(await ledger.take("s", files("a", "b", "c"))).toEqual({ unseen: [], open: ["a", "c"] });
    });

    it("does not enter what it never gave out", async () => {
      await ledger.finish(a);
      expect((await ledger.take("s", files("a"))).unseen).toEqual(["a"]);
    });

    it("has a file that was released unseen again, and one that was finished taken all the same", async () => {
      await ledger.take("s", files("a", "b"));
      await ledger.finish(b);
      await ledger.release(a);
      await ledger.release(b);
      expect(await ledger.take("s", files("a", "b"))).toEqual({ unseen: ["a"], open: [] });
    });

    it("takes everything before a scope's mark for taken, and nothing of another scope", async () => {
      await ledger.advance("s", { reachedMs: 9_000, takenBeforeMs: 5_000 });
      const [early, late] = [
        { id: a, atMs: 4_999 },
        { id: b, atMs: 5_000 },
      ];
      expect(await ledger.take("s", [early, late])).toEqual({ unseen: ["b"], open: [] });
      expect((await ledger.take("t", [early])).unseen).toEqual(["a"]);
    });

    it("moves marks on and never back, whoever moves them", async () => {
      await ledger.advance("s", { reachedMs: 9_000, takenBeforeMs: 5_000 });
      await ledger.advance("s", { reachedMs: 8_000, takenBeforeMs: 6_000 });
      const { marks } = await ledger.open();
      expect(Object.fromEntries(marks.scopes)).toEqual({ s: { reachedMs: 9_000, takenBeforeMs: 6_000 } });
    });

    it("finishes a file behind the mark without giving it out again", async () => {
      await ledger.take("s", files("a"));
      await ledger.advance("s", { reachedMs: 9_000, takenBeforeMs: 5_000 });
      await ledger.finish(a);
      expect(await ledger.take("s", files("a"))).toEqual({ unseen: [], open: [] });
    });

    it("forgets what was not seen since a time, and keeps what was seen again", async () => {
      await ledger.take("s", files("a", "b"));
      await ledger.finish(a);
      await ledger.finish(b);
      await ledger.take("s", [{ id: b, atMs: 2_000 }]);
      await ledger.forget("s", 1_500);
      expect(await ledger.take("s", files("a", "b"))).toEqual({ unseen: ["a"], open: [] });
    });

    it("lets one pod at a time move a full listing on", async () => {
      const begin = { startedMs: 7, cursor: "" };
      expect(await ledger.sweepTo(begin, "k 1")).toBe(true);
      expect(await ledger.sweepTo({ startedMs: 8, cursor: "" }, "k 2")).toBe(false);
      expect((await ledger.open()).marks.sweep).toEqual({ startedMs: 7, cursor: "k 1" });
      expect(await ledger.sweepTo(begin, "k 3")).toBe(false);
      expect(await ledger.sweepTo({ startedMs: 7, cursor: "k 1" }, "")).toBe(true);
      expect((await ledger.open()).marks.sweep).toBeUndefined();
    });

    it("ends a full listing that needed one page", async () => {
      expect(await ledger.sweepTo({ startedMs: 7, cursor: "" }, "")).toBe(true);
      expect((await ledger.open()).marks.sweep).toBeUndefined();
    });

    it("has room for scopes with spaces and none", async () => {
      for (const scope of ["", "by hand/event_type=a b/"]) {
        await ledger.take(scope, files("a"));
        await ledger.advance(scope, { reachedMs: 1, takenBeforeMs: 0 });
        await ledger.finish(a);
        expect(await ledger.take(scope, files("a"))).toEqual({ unseen: [], open: [] });
        expect((await ledger.open()).marks.scopes.get(scope)).toEqual({ reachedMs: 1, takenBeforeMs: 0 });
      }
    });
  });
};
