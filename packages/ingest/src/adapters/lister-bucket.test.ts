import { describe, expect, it } from "vitest";
import { collected } from "../core/avro-writer.testing.ts";
import { markAt } from "../core/marks.ts";
import { bucketRounds } from "../testing/bucket-rounds.ts";
import { memoryLedger } from "../testing/memory-ledger.ts";
import { bucketSource } from "./bucket-source.ts";
import type { ListingLedger } from "./redis-ledger.ts";
import { brazeKeys, hourMs, hourOf, virtualStore } from "../testing/virtual-store.ts";

const endMs = Date.parse("2026-11-23T12:00:00Z");
const root = "currents-export/dataexport.prod-01.S3.integration.69ca/";
const aClock = (startMs = endMs) => {
  let nowMs = startMs;
  return { now: () => nowMs, pass: (ms: number) => (nowMs += ms) };
};
const keyAt = (type: string, ms: number, file = 1, layout = "417") =>
  `${root}event_type=${type}/date=${hourOf(ms)}/${layout}/us-01/dataexport+0+${file}.avro`;

const search = { root: "currents-export/" };
const twentyFive = Array.from(
  { length: 25 },
  (_, index) => `users.messages.email.Type${String(index).padStart(2, "0")}`,
);
const bucketOf = (hours: number) =>
  virtualStore(brazeKeys({ root, types: twentyFive, hours, files: 10, endMs }), endMs - 30 * 24 * hourMs);

describe("a bucket of 1,000,000 objects in 25 event types", () => {
  const million = () => bucketOf(4_000);

  it("costs a few dozen requests a round, once it was read, and 100 new objects are found in one", async () => {
    const clock = aClock();
    const store = million();
    const ledger = memoryLedger();
    for (const type of twentyFive) await ledger.advance(`${root}event_type=${type}/`, markAt(endMs, 6 * hourMs));
    const { round, finder } = bucketRounds(store, search, { now: clock.now, ledger });
    for (let rounds = 0; !finder.isComplete?.(); rounds++) {
      expect((await round()).requests).toBeLessThanOrEqual(48);
      expect(rounds).toBeLessThan(20);
    }
    clock.pass(30_000);
    const fresh = Array.from({ length: 100 }, (_, index) =>
      keyAt(
        twentyFive[index % 25] ?? "",
        endMs - (index % 4) * hourMs,
        900_000 + index,
        index % 2 ? "417" : "version=6",
      ),
    );
    for (const key of fresh) store.put(key, clock.now());
    const { found, requests } = await round();
    expect(found.toSorted()).toEqual(fresh.toSorted());
    // The root, the integration, and once each event type.
    expect(requests).toBe(27);
    expect((await round()).found).toEqual([]);
  });

  it("is read from `since` on when nothing is known of it, without a look at what is older", async () => {
    const { round } = bucketRounds(million(), { ...search, sinceMs: endMs - 2 * hourMs }, { now: aClock().now });
    const { found, requests } = await round();
    expect(found).toHaveLength(25 * 2 * 10);
    expect(requests).toBeLessThanOrEqual(48);
  });
});

describe("a bucket of which nothing is known", () => {
  it("is gone through page by page, and only the objects behind the marks are remembered one by one", async () => {
    const ledger = memoryLedger();
    const { round } = bucketRounds(bucketOf(160), search, { now: aClock().now, ledger });
    const { found, requests } = await round();
    expect(new Set(found).size).toBe(40_000);
    expect(found).toHaveLength(40_000);
    expect(requests).toBeLessThanOrEqual(25 * 2 + 2 + 8);
    expect(ledger.size()).toBeLessThanOrEqual(25 * 49 * 10);
  });

  it("is searched below its prefix, whatever that is called, and hidden things in it are passed over", async () => {
    const store = virtualStore();
    const hidden = ".braze/_temporary/";
    const keys = [keyAt("a", endMs), "elsewhere.avro", ".trash/b.avro"].map((key) => hidden + key);
    for (const key of keys) store.put(key, endMs);
    const { round } = bucketRounds(store, { root: hidden, isThorough: true }, { now: aClock().now });
    const found = [...(await round()).found, ...(await round()).found];
    expect(found.toSorted()).toEqual(keys.slice(0, 2).toSorted());
    const objectStore = { name: "s3://bucket", listPage: store.list, read: () => expect.fail("nothing is read here") };
    const listed = await collected(bucketSource(objectStore, hidden).list(new AbortController().signal));
    expect(listed.map(({ key }) => key).toSorted()).toEqual(found.toSorted());
  });

  it("is not begun anew when a round breaks off", async () => {
    const clock = aClock();
    const store = bucketOf(160);
    const ledger = memoryLedger();
    const found: string[] = [];
    let steps = 0;
    const breaking: ListingLedger = {
      ...ledger,
      advance: async (...args) => {
        await ledger.advance(...args);
        steps += 1;
        if (steps % 20 === 0 && steps < 200) throw new Error("killed");
      },
    };
    for (let done = false; !done;) {
      const rounds = bucketRounds(store, search, { now: clock.now, ledger: breaking, found });
      done = await rounds.round().then(
        () => true,
        () => false,
      );
    }
    expect(found).toHaveLength(40_000);
    expect(new Set(found).size).toBe(40_000);
  });
});

describe("a bucket of 80 event types", () => {
  it("costs a few dozen requests a round, and finds what is new in a quiet one within a few rounds", async () => {
    const clock = aClock();
    const types = Array.from({ length: 80 }, (_, index) => `users.type.T${String(index).padStart(2, "0")}`);
    const store = virtualStore(brazeKeys({ root, types, hours: 200, files: 2, endMs: endMs - 24 * hourMs }));
    const { round, finder } = bucketRounds(store, {}, { now: clock.now });
    while (!finder.isComplete?.()) await round();
    const key = keyAt("users.type.T77", endMs);
    store.put(key, clock.now());
    const found: string[] = [];
    for (let rounds = 0; rounds < 4 && found.length === 0; rounds++) {
      clock.pass(30_000);
      const done = await round();
      expect(done.requests).toBeLessThanOrEqual(40);
      found.push(...done.found);
    }
    expect(found).toEqual([key]);
  });
});

describe("an object", () => {
  const quietBucket = async (prefix = "") => {
    const clock = aClock();
    const store = virtualStore();
    store.put(keyAt("a.b", endMs - 10 * hourMs), endMs - 10 * hourMs);
    store.put(keyAt("a.b", endMs), endMs);
    const ledger = memoryLedger();
    const rounds = bucketRounds(store, { root: prefix }, { now: clock.now, ledger });
    while (!rounds.finder.isComplete?.()) await rounds.round();
    clock.pass(10_000);
    return { clock, store, ledger, ...rounds };
  };

  it("that lands late, within the late window, is found in the next round", async () => {
    const { store, round } = await quietBucket();
    const late = keyAt("a.b", endMs - 6 * hourMs);
    store.put(late);
    expect((await round()).found).toEqual([late]);
  });

  it("that lands later than that is found by the full listing, within eight windows", async () => {
    const { store, round, clock } = await quietBucket();
    const late = keyAt("a.b", endMs - 47 * hourMs);
    store.put(late, clock.now());
    expect((await round()).found).toEqual([]);
    clock.pass(hourMs);
    expect((await round()).found).toEqual([late]);
    expect((await round()).found).toEqual([]);
  });

  it("that replaces one is another object; the same one again is not", async () => {
    const { store, round } = await quietBucket();
    const key = keyAt("a.b", endMs - hourMs);
    store.put(key);
    expect((await round()).found).toEqual([key]);
    store.put(key);
    expect((await round()).found).toEqual([key]);
    expect((await round()).found).toEqual([]);
  });

  it("of an hour to come does not hide those of the hours until then", async () => {
    const { store, round, clock } = await quietBucket();
    store.put(keyAt("a.b", endMs + 90 * 24 * hourMs));
    await round();
    clock.pass(30 * hourMs);
    const next = keyAt("a.b", endMs + 29 * hourMs);
    store.put(next, clock.now());
    expect((await round()).found).toEqual([next]);
  });

  it("of a new event type, and of a new integration beside it, is found in the next round", async () => {
    const { store, round } = await quietBucket();
    const keys = [keyAt("c.d", endMs), keyAt("a.b", endMs).replace("69ca", "7007")];
    for (const key of keys) store.put(key);
    expect((await round()).found.toSorted()).toEqual(keys.toSorted());
  });

  it("of a partition by day is found like those by hour", async () => {
    const { store, round } = await quietBucket();
    const key = `${root}event_type=a.b/date=2026-11-23/417/us-01/x.avro`;
    store.put(key);
    expect((await round()).found).toEqual([key]);
    expect((await round()).found).toEqual([]);
  });

  it("in no layout of Braze's is found by the next full listing, once", async () => {
    const { store, round, clock } = await quietBucket();
    const keys = ["flat.avro", "by hand/x.avro", `${root}event_type=a.b/x.avro`, `${root}event_type=a.b/day=1/x.avro`];
    for (const key of keys) store.put(key, clock.now());
    expect((await round()).found).toEqual([]);
    clock.pass(hourMs);
    expect((await round()).found.toSorted()).toEqual(keys.toSorted());
    clock.pass(hourMs);
    expect((await round()).found).toEqual([]);
  });

  it("that is hidden or half written is passed over by both listings", async () => {
    const { store, round, clock } = await quietBucket();
    for (const key of [".hidden.avro", `${keyAt("a.b", endMs)}.tmp`, "_SUCCESS"]) store.put(key, clock.now());
    clock.pass(hourMs);
    expect((await round()).found).toEqual([]);
  });

  it("outside of the prefix is not looked at", async () => {
    const { store, round, clock } = await quietBucket(root);
    for (const key of ["flat.avro", "other/event_type=a.b/date=2026-11-23-12/x/y/z.avro"]) store.put(key, clock.now());
    clock.pass(hourMs);
    expect((await round()).found).toEqual([]);
  });
});

describe("the full listing", () => {
  const flat = (count: number) => ({
    length: count,
    keyAt: (index: number) => `dump/${String(index).padStart(8, "0")}.avro`,
  });

  it("goes on where another pod, or an earlier run, has left it, a few pages a round", async () => {
    const clock = aClock();
    const store = virtualStore(flat(30_000), endMs - hourMs);
    const ledger = memoryLedger();
    const pods = [1, 2].map(() => bucketRounds(store, {}, { now: clock.now, ledger }));
    const found: string[] = [];
    for (let rounds = 0; rounds < 6; rounds++) {
      const done = await pods[rounds % 2]?.round();
      expect(done?.requests).toBeLessThanOrEqual(13);
      found.push(...(done?.found ?? []));
    }
    expect(found).toHaveLength(30_000);
    expect(new Set(found).size).toBe(30_000);
  });

  it("remembers only what landed lately once it has ended, and takes nothing twice", async () => {
    const clock = aClock();
    const store = virtualStore(flat(3_000), endMs - 100 * hourMs);
    store.put("new.avro", clock.now());
    const ledger = memoryLedger();
    const { round } = bucketRounds(store, {}, { now: clock.now, ledger });
    expect((await round()).found).toHaveLength(3_001);
    expect(ledger.size()).toBe(1);
    clock.pass(hourMs);
    expect((await round()).found).toEqual([]);
  });

  it("of a small bucket is done every few rounds", async () => {
    const clock = aClock();
    const store = virtualStore();
    store.put("a.avro", clock.now());
    const { round } = bucketRounds(store, {}, { now: clock.now });
    expect((await round()).found).toEqual(["a.avro"]);
    store.put("b.avro", clock.now());
    clock.pass(30_000);
    expect((await round()).found).toEqual(["b.avro"]);
  });

  it("finds event types at a depth that the rounds do not look at; the next round lists them", async () => {
    const clock = aClock();
    const store = virtualStore();
    const deep = `exports/of/2026/${keyAt("a.b", endMs)}`;
    store.put(deep, clock.now());
    const { round } = bucketRounds(store, {}, { now: clock.now });
    const found = [...(await round()).found, ...(await round()).found];
    expect(found).toEqual([deep]);
    const beside = deep.replace("a.b", "c.d");
    store.put(beside, clock.now());
    expect((await round()).found).toEqual([beside]);
  });

  it("is done to its end in the first round of a run that is to end", async () => {
    const clock = aClock();
    const store = virtualStore(flat(30_000), endMs - hourMs);
    const ledger = memoryLedger();
    await bucketRounds(store, { isThorough: true }, { now: clock.now, ledger }).round();
    clock.pass(60_000);
    store.put("late.avro", clock.now());
    const { round, finder } = bucketRounds(store, { isThorough: true }, { now: clock.now, ledger });
    expect((await round()).found).toEqual(["late.avro"]);
    expect(finder.isComplete?.()).toBe(true);
  });
});
