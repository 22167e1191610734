import { decodeChunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { IngestJob, QuarantineJob, TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import { openPagePool } from "@currents-relay/shared/core/pages.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { Item } from "@currents-relay/shared/queues/stage-worker.ts";
import { countedPages } from "@currents-relay/shared/testing/counted-pages.ts";
import { fakeHandOver } from "@currents-relay/shared/testing/fake-hand-over.ts";
import { everyKillPoint, Killed, killedAt } from "@currents-relay/shared/testing/kill-points.ts";
import { describe, expect, it } from "vitest";
import { aBlock, aHeader, clicks } from "./core/avro-writer.testing.ts";
import { defaultContainerLimits } from "./core/limits.ts";
import { ObjectChanged } from "./core/object-changed.ts";
import { ingestObject, ingestRequest } from "./pipeline.ts";
import type { IngestPorts, RequestPorts } from "./ports.ts";

const landedAtMs = 1_700_000_000_000;
const data: IngestJob = {
  v: 1,
  connector: "engagement",
  fileId: "f1",
  object: { key: "a.avro", uri: "file:///a.avro", version: "1", bytes: 0 },
  landedAtMs,
};
const settings = { limits: defaultContainerLimits, spoolBudgetBytes: 1_000_000_000 };

const aFile = () =>
  Buffer.concat([aHeader(), ...[1_800, 900, 2_100].map((count) => aBlock(clicks(count, `of-${count}`)))]);

/** The outside world of one object, in memory; `progress` outlives a kill, as in Redis. */
const aWorld = (file: Buffer, { spoolBytes = 0, nowMs = landedAtMs + 60_000 } = {}) => {
  const transform = fakeHandOver<TransformJob>(spoolBytes);
  const quarantine = fakeHandOver<QuarantineJob>();
  const finished: string[] = [];
  let progress: unknown;
  const ports: IngestPorts = {
    read: async function* (_, fromByte) {
      yield file.subarray(fromByte);
    },
    chunkSource: (job) => ({
      connector: job.connector,
      source: { fileId: job.fileId, uri: job.object.uri },
      landedAtMs: job.landedAtMs,
      eventTypeOf: () => "users.messages.email.Click",
    }),
    openPages: openPagePool(1),
    toTransform: transform.handOver,
    toQuarantine: quarantine.handOver,
    ledger: { finish: async (id, fate) => void finished.push(fate === "changed" ? `${id} changed` : id) },
    pause: () => undefined,
    eventsAhead: () => Promise.resolve(0),
    now: () => nowMs,
  };
  const item = (): Item<IngestJob> => ({
    id: "i-f1" as JobId, // a test's own
    data,
    ageMs: 0,
    runs: 1,
    signal: new AbortController().signal,
    progress,
    saveProgress: async (value) => void (progress = value),
  });
  const records = () =>
    [...transform.taken.values()].map(({ payload }) => decodeChunk(Buffer.from(payload)).header.records);
  return { ports, item, transform, quarantine, finished, records };
};

describe("the way of one object", () => {
  it("hands its events over in numbered chunks and then enters it in the ledger", async () => {
    const world = aWorld(aFile());
    expect(await ingestObject(world.ports, settings)(world.item())).toEqual({
      kind: "ok",
      value: { in: 4_800, ok: 4_800, "file:done": 1 },
    });
    expect([...world.transform.taken.keys()]).toEqual(world.records().map((records, n) => `t-f1-${n}-${records}`));
    expect(world.records().reduce((a, b) => a + b, 0)).toBe(4_800);
    expect(world.finished).toEqual(["f1"]);
  });

  it("a kill at any await hands over the same chunks, and counts the same, once the object has run again", async () => {
    const undisturbed = aWorld(aFile());
    const end = await ingestObject(undisturbed.ports, settings)(undisturbed.item());
    const awaits = await everyKillPoint(async (point) => {
      const world = aWorld(aFile());
      const { ledger, ...rest } = world.ports;
      // The ledger's and the progress' awaits are killed at like every other port's.
      const killed = killedAt({ ...rest, finish: ledger.finish, saveProgress: world.item().saveProgress }, point);
      const item = { ...world.item(), saveProgress: killed.saveProgress };
      const first = await ingestObject({ ...killed, ledger: killed }, settings)(item).catch((error: unknown) => error);
      expect(await ingestObject(world.ports, settings)(world.item())).toEqual(end);
      expect([...world.transform.taken]).toEqual([...undisturbed.transform.taken]);
      return first instanceof Killed ? "killed" : "ran to the end";
    });
    expect(awaits).toBeGreaterThan(6);
  });

  it("a torn block goes to quarantine with its offset; the blocks around it are handed over", async () => {
    const [header, good, torn, last] = [aHeader(), aBlock(clicks(10)), aBlock(clicks(10)), aBlock(clicks(10))];
    torn.fill(0xff, 4, 40);
    const world = aWorld(Buffer.concat([header, good, torn, last]));
    expect(await ingestObject(world.ports, settings)(world.item())).toEqual({
      kind: "ok",
      value: { in: 20, ok: 20, "file:quarantined": 1 },
    });
    const [fault] = world.quarantine.taken.values();
    expect(fault?.data).toMatchObject({
      reason: "corrupt-block",
      origin: { blockOffset: header.length + good.length },
    });
    expect(world.finished).toEqual(["f1"]);
  });

  it("a file that ends too early is looked at again while it may still be written, and set aside after that", async () => {
    const half = aFile().subarray(0, -10);
    const young = aWorld(half, { nowMs: landedAtMs + 500 });
    expect((await ingestObject(young.ports, settings)(young.item())).kind).toBe("retry");
    expect(young.quarantine.taken.size).toBe(0);
    const old = aWorld(half);
    expect(await ingestObject(old.ports, settings)(old.item())).toMatchObject({ value: { "file:quarantined": 1 } });
    const ofTheFuture = aWorld(half, { nowMs: landedAtMs - 60_000 });
    const runAt = (ageMs: number) => ingestObject(ofTheFuture.ports, settings)({ ...ofTheFuture.item(), ageMs });
    expect(await runAt(1_999)).toMatchObject({ kind: "retry" });
    expect(await runAt(2_000)).toMatchObject({ value: { "file:quarantined": 1 } });
  });

  it("a full spool pauses the object after the chunk in hand, and it goes on from there", async () => {
    const full = aWorld(aFile(), { spoolBytes: settings.spoolBudgetBytes + 1 });
    const chunks = [];
    for (let runs = 0; runs < 10; runs++) {
      const outcome = await ingestObject(full.ports, settings)(full.item());
      chunks.push(full.transform.taken.size);
      if (outcome.kind === "ok") break;
    }
    expect(chunks.slice(0, 3)).toEqual([1, 2, 3]);
    expect(full.records().reduce((a, b) => a + b, 0)).toBe(4_800);
  });

  it("what is read again waits while 15,000 events do, before it reads and after each chunk; what is new does not", async () => {
    const world = aWorld(aFile());
    let ahead = 15_000;
    const ports = { ...world.ports, eventsAhead: () => Promise.resolve(ahead) };
    const again = () => ({ ...world.item(), data: { ...data, reread: { run: "r" } } });
    const waits = { kind: "retry", afterMs: 1_000 };
    expect(await ingestObject(ports, settings)(again())).toMatchObject(waits);
    expect(world.transform.taken.size).toBe(0);
    ahead = 14_999;
    const rising = { ...ports, eventsAhead: () => Promise.resolve(ahead++) };
    expect(await ingestObject(rising, settings)(again())).toMatchObject(waits);
    expect(world.transform.taken.size).toBe(1);
    expect(await ingestObject(ports, settings)(world.item())).toMatchObject({ kind: "ok" });
  });

  it("nothing of an object is read while its workspace is paused", async () => {
    const world = aWorld(aFile());
    const paused = { ...world.ports, pause: () => "redis-memory" as const };
    expect(await ingestObject(paused, settings)(world.item())).toMatchObject({ kind: "retry" });
    expect(world.transform.taken.size).toBe(0);
  });

  const absent = (isGone: boolean): Pick<IngestPorts, "read"> => ({
    read: () => {
      throw new ObjectChanged("it is not there", { isGone });
    },
  });

  it.each([true, false])(
    "an object that is not there before any of it was read leaves no trace (gone: %s)",
    async (gone) => {
      const world = aWorld(aFile());
      const end = await ingestObject({ ...world.ports, ...absent(gone) }, settings)(world.item());
      expect(end).toEqual({ kind: "ok", value: "moved" });
      expect(world.quarantine.taken.size).toBe(0);
      expect(world.finished).toEqual([]);
    },
  );

  /** One whose first chunk was handed over. */
  const aBegunWorld = async () => {
    const world = aWorld(aFile());
    const full: IngestPorts["toTransform"] = async (parcels) => {
      await world.transform.handOver(parcels);
      return { spoolBytes: settings.spoolBudgetBytes + 1 };
    };
    await ingestObject({ ...world.ports, toTransform: full }, settings)(world.item());
    return { ...world, first: world.records()[0] ?? 0 };
  };

  it("an object that was replaced behind its first chunks ends with them: the new one is another file", async () => {
    const world = await aBegunWorld();
    const end = await ingestObject({ ...world.ports, ...absent(false) }, settings)(world.item());
    expect(end).toEqual({ kind: "ok", value: { in: world.first, ok: world.first, "file:quarantined": 0 } });
    expect(world.finished).toEqual(["f1 changed"]);
  });

  it("an object that is gone behind its first chunks is read on when it is back within a day, and given up then", async () => {
    const world = await aBegunWorld();
    const gone = (nowMs: number) =>
      ingestObject({ ...world.ports, ...absent(true), now: () => nowMs }, settings)(world.item());
    const dayMs = 86_400_000;
    expect(await gone(landedAtMs)).toMatchObject({ kind: "retry", afterMs: 15_000 });
    expect(await gone(landedAtMs + dayMs - 1)).toMatchObject({ kind: "retry" });
    const progress = world.item().progress;
    expect(await ingestObject(world.ports, settings)(world.item())).toMatchObject({ value: { in: 4_800, ok: 4_800 } });
    expect(world.records().reduce((a, b) => a + b, 0)).toBe(4_800);
    await world.item().saveProgress(progress as object);
    expect(await gone(landedAtMs + dayMs)).toMatchObject({ value: { in: world.first, "file:quarantined": 0 } });
    expect(world.finished).toEqual(["f1", "f1 changed"]);
  });

  it("an object that is read again and not there is told to the command", async () => {
    const world = aWorld(aFile());
    const again = { ...world.item(), data: { ...data, reread: { run: "r" } } };
    await ingestObject({ ...world.ports, ...absent(true) }, settings)(again);
    expect(world.finished).toEqual(["f1 changed"]);
  });
});

describe("the pages that chunks lie in", () => {
  const aClickFile = (name: string) => Buffer.concat([aHeader(), aBlock(clicks(3, name))]);
  /** Of an object that has the file; the hand-over of its chunk takes until `hold`. */
  const take = (world: ReturnType<typeof aWorld>, openPages: IngestPorts["openPages"], hold?: Promise<void>) => {
    const toTransform: IngestPorts["toTransform"] = async (parcels) => {
      await hold;
      return world.transform.handOver(parcels);
    };
    return ingestObject({ ...world.ports, openPages, toTransform }, settings)(world.item());
  };
  const bodyOf = ({ transform }: ReturnType<typeof aWorld>): string => {
    const [parcel] = transform.taken.values();
    if (!parcel) throw new Error("nothing was handed over");
    return Buffer.from(decodeChunk(parcel.payload).body).toString("hex");
  };
  const bodies = (name: string): string => Buffer.concat(clicks(3, name)).toString("hex");

  it("are of one object alone for as long as it is in hand, and then of the next", async () => {
    const { openPages, lent } = countedPages(2);
    const worlds = ["a", "b", "c", "d"].map((name) => aWorld(aClickFile(name)));
    const [a, b, c, d] = worlds as [(typeof worlds)[0], (typeof worlds)[0], (typeof worlds)[0], (typeof worlds)[0]];
    const later = Promise.withResolvers<void>();
    const first = take(a, openPages, later.promise);
    for (const world of [b, c]) await take(world, openPages);
    later.resolve();
    await first;
    await take(d, openPages);
    expect(worlds.map(bodyOf)).toEqual(["a", "b", "c", "d"].map(bodies));
    expect(lent.size).toBe(2);
  });
});

describe("the way of one request", () => {
  const lines = Array.from({ length: 3_100 }, (_, id) => JSON.stringify({ id }));
  const request: IngestJob = { ...data, requestEvents: lines.length };
  const job = { id: "i-f1" as JobId, data: request, ageMs: 0 }; // a test's own
  const aRequest = () => {
    const transform = fakeHandOver<TransformJob>();
    const ports: RequestPorts = {
      readRequest: async () => lines,
      chunkSource: aWorld(Buffer.alloc(0)).ports.chunkSource,
      toTransform: transform.handOver,
    };
    return { ports, transform };
  };

  it("cuts its events into chunks and counts them once", async () => {
    const { ports, transform } = aRequest();
    expect(await ingestRequest(ports)(job)).toMatchObject({ value: { in: 3_100, ok: 3_100, "file:done": 1 } });
    expect([...transform.taken.values()].map(({ events }) => events)).toEqual([1_500, 1_500, 100]);
    expect([...transform.taken.keys()]).toEqual(["t-f1-0-1500", "t-f1-1-1500", "t-f1-2-100"]);
  });

  it("a kill at any await, and a second run, hand over the same chunks", async () => {
    await everyKillPoint(async (point) => {
      const { ports, transform } = aRequest();
      const end = await ingestRequest(killedAt(ports, point))(job).then(
        () => "ran to the end" as const,
        (error: unknown) => {
          if (!(error instanceof Killed)) throw error;
          return "killed" as const;
        },
      );
      await ingestRequest(ports)(job);
      expect([...transform.taken.values()].map(({ events }) => events)).toEqual([1_500, 1_500, 100]);
      return end;
    });
  });

  it.each([undefined, []])("whose payload is not there yet waits for it: %j", async (none) => {
    const { ports } = aRequest();
    expect((await ingestRequest({ ...ports, readRequest: async () => none })(job)).kind).toBe("retry");
  });

  it("whose payload holds other than all its events hands nothing over, and is no success", async () => {
    const { ports, transform } = aRequest();
    const fewer = { ...ports, readRequest: async () => lines.slice(1) };
    await expect(ingestRequest(fewer)(job)).rejects.toThrow("its payload holds 3099 of 3100 events");
    expect(transform.taken.size).toBe(0);
  });
});
