import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { setImmediate, setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ListedInPart } from "../core/listed-in-part.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { Source, SourceObject } from "../ports.ts";
import { type ListingScene, listingScene } from "../testing/listing-scene.ts";
import { brazeKeys, hourMs, hourOf, virtualStore, type VirtualStore } from "../testing/virtual-store.ts";
import { type BucketSearch, bucketFinder } from "./lister-bucket.ts";
import { bucketSource } from "./bucket-source.ts";
import type { RoundReport } from "./lister.ts";

const redis = useRedis();
/** A busy machine takes its time. */
const patientlyMs = 10_000;
const slowRoundMs = 800;
const seldomRoundMs = 50;
const nowMs = Date.now();
const read: Source["read"] = () => {
  throw new Error("nothing is read here");
};

/** A source whose listing a test sets. */
const sourceOf = (list: () => SourceObject[]): Source => ({
  read,
  list: async function* () {
    yield* list();
  },
});
const anObject = (key: string, version = "1"): SourceObject => ({
  key,
  uri: `file:///${key}`,
  version,
  bytes: 1,
  landedAtMs: nowMs,
});

const bucketOptions = (store: VirtualStore, search: Partial<BucketSearch> = {}) => {
  const objectStore = { name: "s3://bucket", listPage: store.list, read };
  const settings = { root: "", sinceMs: undefined, lateMs: 6 * hourMs, sweepEveryMs: hourMs, ...search };
  return { source: bucketSource(objectStore), finder: bucketFinder(objectStore, settings) };
};

describe("a lister", () => {
  let scene: ListingScene;
  beforeEach(() => {
    scene = listingScene(() => redis.connect());
  });
  afterEach(() => scene.close());

  it("queues what is there, then what comes, and a file that was replaced again", async () => {
    const objects = [anObject("a"), anObject("b")];
    await scene.start({ source: sourceOf(() => objects) }).listed;
    expect(await scene.work()).toEqual(["a", "b"]);
    objects.push(anObject("c"));
    await vi.waitFor(async () => expect(await scene.work()).toEqual(["c"]), patientlyMs);
    objects[0] = anObject("a", "2");
    await vi.waitFor(async () => expect(await scene.work()).toEqual(["a"]), patientlyMs);
  });

  it("waits no longer for what comes next because its first round was slow", async () => {
    const objects = [anObject("a")];
    let rounds = 0;
    const list = async function* (): AsyncGenerator<SourceObject> {
      if (++rounds === 1) await delay(slowRoundMs);
      yield* objects;
    };
    await scene.start({ source: { read, list } }).listed;
    await scene.work();
    objects.push(anObject("b"));
    await vi.waitFor(async () => expect(await scene.work()).toEqual(["b"]), 7 * slowRoundMs);
  });

  it("lists more seldom what takes long every time", async () => {
    const begun: number[] = [];
    const list = async function* (): AsyncGenerator<SourceObject> {
      begun.push(performance.now());
      await delay(seldomRoundMs);
      yield anObject("a");
    };
    scene.start({ source: { read, list } });
    await vi.waitFor(() => expect(begun.length).toBeGreaterThan(2), patientlyMs);
    const [, second = 0, third = 0] = begun;
    const tickMs = 100; // a pause may end so much earlier
    expect(third - second).toBeGreaterThan(10 * seldomRoundMs - tickMs);
  });

  it("goes on at its pace where a part of the source cannot be listed, and tells of it", async () => {
    let rounds = 0;
    const list = async function* (): AsyncGenerator<SourceObject> {
      rounds += 1;
      yield anObject("a");
      throw new ListedInPart("a part is locked");
    };
    const reports: RoundReport[] = [];
    const lister = scene.start({ source: { read, list }, onRound: (report) => void reports.push(report) });
    await expect(lister.listed).rejects.toThrow("a part is locked");
    await vi.waitFor(() => expect(rounds).toBeGreaterThan(15), patientlyMs); // 20 ms doubled each time would take ten minutes
    expect(reports.map(({ fault }) => fault?.message)).not.toContain(undefined);
    expect(await scene.work()).toEqual(["a"]);
    expect(scene.log.slice(1)).toEqual(["info source.found", "error source.unreadable a part is locked"]);
  });

  it("does not queue what an earlier one had finished, though no job of it is left", async () => {
    const source = sourceOf(() => [anObject("a"), anObject("b")]);
    const first = scene.start({ source });
    await first.listed;
    await scene.work();
    await first.stop();
    await scene.start({ source }).listed;
    expect(await scene.work()).toEqual([]);
  });

  it.each(["a folder", "a bucket"])(
    "queues what one before it had found in %s but was killed before queueing",
    async (kind) => {
      const keys = [60, 0].map((hours) => `event_type=a.b/date=${hourOf(nowMs - hours * hourMs)}/1/us-01/x.avro`);
      const options = () => {
        const store = virtualStore();
        for (const key of keys) store.put(key, nowMs);
        return kind === "a bucket"
          ? bucketOptions(store)
          : { source: sourceOf(() => keys.map((key) => anObject(key))) };
      };
      const killed = {
        ...scene.queues,
        add: () => {
          throw new Error("killed");
        },
      };
      const first = scene.start({ ...options(), queues: killed });
      await expect(first.listed).rejects.toThrow("killed");
      await first.stop();
      await scene.start(options()).listed;
      expect(await scene.work()).toEqual(keys);
    },
  );

  it("moves an event type's mark on to the hour that it has queued", async () => {
    const store = virtualStore();
    for (const hours of [5, 0])
      store.put(`event_type=a.b/date=${hourOf(nowMs - hours * hourMs)}/1/us-01/x.avro`, nowMs);
    await scene.start(bucketOptions(store)).listed;
    const { marks } = await scene.ledger.open();
    const reachedMs = nowMs - (nowMs % hourMs);
    expect(marks.scopes.get("event_type=a.b/")).toEqual({ reachedMs, takenBeforeMs: reachedMs - 48 * hourMs });
  });

  it("takes nothing twice beside others on the same bucket, however fast the jobs are done", async () => {
    const types = ["a.b", "c.d", "e.f"];
    const endMs = nowMs - (nowMs % hourMs) + hourMs;
    const store = () => {
      const one = virtualStore(brazeKeys({ root: "", types, hours: 30, files: 5, endMs }), nowMs - 100 * hourMs);
      for (let index = 0; index < 1_100; index++) one.put(`flat/${index}.avro`, nowMs);
      return one;
    };
    const pods = [1, 2].map(() => scene.start(bucketOptions(store())));
    const done: string[] = [];
    const listed = Promise.all(pods.map((pod) => pod.listed)).then(() => true);
    for (let isListed = false; !isListed;) {
      done.push(...(await scene.work("tombstone")));
      isListed = await Promise.race([listed, setImmediate(false)]);
    }
    done.push(...(await scene.work("tombstone")));
    expect(done).toHaveLength(3 * 30 * 5 + 1_100);
    expect(new Set(done).size).toBe(done.length);
  });

  it("whose Redis was emptied while it runs says what that means, and queues from `since` on again", async () => {
    const store = virtualStore();
    const key = (ms: number) => `event_type=a.b/date=${hourOf(ms)}/1/us-01/x.avro`;
    const [old, young] = [key(nowMs - 40 * hourMs), key(nowMs)];
    for (const one of [old, young]) store.put(one, nowMs);
    await scene.start(bucketOptions(store, { sinceMs: nowMs - 24 * hourMs })).listed;
    expect(await scene.work()).toEqual([young]);
    scene.log.length = 0;
    await redis.connect().flushall();
    await vi.waitFor(async () => expect(await scene.work()).toEqual([young]), patientlyMs);
    expect(scene.log.join("\n")).toMatch(/^warn ledger\.empty: .*Segment's own deduplication, which remembers 24 h/m);
  });

  it("of a folder asks the ledger now and then only, and queues all again when it is another one", async () => {
    let asked = 0;
    const ledger: typeof scene.ledger = {
      ...scene.ledger,
      open: () => {
        asked += 1;
        return scene.ledger.open();
      },
    };
    let rounds = 0;
    const objects = [anObject("a")];
    const onRound = () => void (rounds += 1);
    const options = { source: sourceOf(() => objects), ledger, onRound, pollMs: 10, ledgerEveryMs: 400 };
    await scene.start(options).listed;
    expect(await scene.work()).toEqual(["a"]);
    const startedMs = performance.now();
    await vi.waitFor(() => expect(rounds).toBeGreaterThan(20), patientlyMs);
    expect(asked).toBeLessThanOrEqual(2 + (performance.now() - startedMs) / 400);
    objects.push(anObject("b"));
    await vi.waitFor(async () => expect(await scene.work()).toEqual(["b"]), patientlyMs);
    await redis.connect().flushall();
    await vi.waitFor(async () => expect((await scene.work()).toSorted()).toEqual(["a", "b"]), patientlyMs);
  });

  it("does not list a folder in which nothing has changed, and tells of listings only", async () => {
    let [looks, listings, isUnchanged] = [0, 0, false];
    const objects = [anObject("a")];
    const source = {
      ...sourceOf(() => {
        listings += 1;
        return objects;
      }),
      isUnchanged: async () => {
        looks += 1;
        return isUnchanged;
      },
    };
    const reports: RoundReport[] = [];
    const options = { source, onRound: (report: RoundReport) => reports.push(report), pollMs: 5 };
    await scene.start(options).listed;
    expect(await scene.work()).toEqual(["a"]);
    await vi.waitFor(() => expect(listings).toBeGreaterThan(3), patientlyMs);
    isUnchanged = true;
    const looksBefore = looks;
    await vi.waitFor(() => expect(looks).toBeGreaterThan(looksBefore + 20), patientlyMs);
    const listed = listings;
    await vi.waitFor(() => expect(looks).toBeGreaterThan(looksBefore + 60), patientlyMs);
    expect(listings).toBe(listed);
    expect(reports).toHaveLength(listed);
    isUnchanged = false;
    objects.push(anObject("b"));
    await vi.waitFor(async () => expect(await scene.work()).toEqual(["b"]), patientlyMs);
  });

  it("lists all for a ledger that it has not met, whatever the folder says", async () => {
    const source = { ...sourceOf(() => [anObject("a")]), isUnchanged: async () => true };
    await scene.start({ source, pollMs: 5, ledgerEveryMs: 20 }).listed;
    await vi.waitFor(async () => expect(await scene.work()).toEqual(["a"]), patientlyMs);
    await redis.connect().flushall();
    await vi.waitFor(async () => expect(await scene.work()).toEqual(["a"]), patientlyMs);
  });

  it("ends at once, whatever pause it is in, and leaves no timer behind", async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const lister = scene.start({ source: sourceOf(() => []), pollMs: 60_000 });
    await lister.listed;
    const [startedMs, before] = [performance.now(), timers()];
    await lister.stop();
    expect(timers()).toBeLessThan(before);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });

  it("says at its first start on a bucket what a lost Redis would mean, and not at its second", async () => {
    const store = virtualStore();
    const first = scene.start(bucketOptions(store));
    await first.listed;
    expect(scene.log.join("\n")).toMatch(/^warn ledger\.empty: /m);
    await first.stop();
    scene.log.length = 0;
    await scene.start(bucketOptions(store)).listed;
    expect(scene.log.join("\n")).not.toContain("ledger.empty");
  });

  it("goes on for ever with a source that cannot be listed, says so, and finds what is there afterwards", async () => {
    const fault = new SourceUnavailable("s3://bucket cannot be listed: AccessDenied. Grant s3:ListBucket");
    let isDenied = true;
    const reports: RoundReport[] = [];
    const lister = scene.start({
      source: sourceOf(() => {
        if (isDenied) throw fault;
        return [anObject("a")];
      }),
      onRound: (report) => reports.push(report),
    });
    await expect(lister.listed).rejects.toThrow("Grant s3:ListBucket");
    expect(scene.log).toContain(`error source.unreadable ${fault.message}`);
    expect(reports[0]).toMatchObject({ fault, found: 0 });
    isDenied = false;
    await vi.waitFor(async () => expect(await scene.work()).toEqual(["a"]), patientlyMs);
    expect(lister.isRunning()).toBe(true);
    await vi.waitFor(() => expect(reports.find(({ found }) => found === 1)).toBeDefined(), patientlyMs);
    expect(reports.at(-1)?.fault).toBeUndefined();
  });

  it("queues nothing while there is no room, and everything when there is again", async () => {
    let hasRoom = false;
    const asked = vi.fn<() => Promise<boolean>>(() => Promise.resolve(hasRoom));
    const lister = scene.start({ source: sourceOf(() => [anObject("a")]), hasRoom: asked });
    await vi.waitFor(() => expect(asked).toHaveBeenCalled(), patientlyMs);
    expect(await scene.work()).toEqual([]);
    hasRoom = true;
    await lister.listed;
    expect(await scene.work()).toEqual(["a"]);
  });

  it("is not kept waiting by what waits of another connector", async () => {
    const job = (n: number) => ({ id: `i-${n}` as JobId, data: {} }); // a test's own
    await scene.queues.add(
      "ingest",
      Array.from({ length: 20 }, (_, n) => job(n)),
    );
    await scene.start({ source: sourceOf(() => [anObject("a")]), mostWaiting: 10 }).listed;
    expect(await scene.queues.open("ingest").getJobCountByTypes("waiting")).toBe(21);
  });

  it("leaves in the source what would make the queue longer than it may be", async () => {
    const store = virtualStore({ length: 2_000, keyAt: (index) => `flat/${String(index).padStart(6, "0")}` }, nowMs);
    const lister = scene.start({ ...bucketOptions(store, { isThorough: true }), mostWaiting: 600 });
    const waiting = () => scene.queues.open("ingest").getJobCountByTypes("waiting");
    await vi.waitFor(async () => expect(await waiting()).toBeGreaterThanOrEqual(600), patientlyMs);
    expect(await waiting()).toBeLessThanOrEqual(1_100);
    const done: string[] = [];
    for (let isListed = false; !isListed;) {
      done.push(...(await scene.work("tombstone")));
      isListed = await Promise.race([lister.listed.then(() => true), setImmediate(false)]);
    }
    done.push(...(await scene.work()));
    expect(new Set(done).size).toBe(2_000);
    expect(done).toHaveLength(2_000);
  });

  it("stops at once, in the middle of waiting for room", async () => {
    const asked = vi.fn<() => Promise<boolean>>(() => Promise.resolve(false));
    const lister = scene.start({ source: sourceOf(() => [anObject("a")]), hasRoom: asked });
    await vi.waitFor(() => expect(asked).toHaveBeenCalled(), patientlyMs);
    await Promise.all([lister.stop(), lister.stop()]);
    await expect(lister.listed).rejects.toThrow("stopped");
    expect(await scene.work()).toEqual([]);
  });
});
