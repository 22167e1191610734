import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { collected } from "../core/avro-writer.testing.ts";
import { type ListQuery, pagesOf } from "../core/listing.ts";
import { ObjectChanged } from "../core/object-changed.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { Source, SourceObject } from "../ports.ts";
import type { Answer, StoreProxy } from "../testing/store-proxy.ts";
import { bucketRounds } from "../testing/bucket-rounds.ts";
import { hourMs, hourOf } from "../testing/virtual-store.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Patience } from "./patient-store.ts";

/** A source as a test sees it, with the ways to put something into it. */
export interface SourceUnderTest {
  /** An empty one. */
  fresh: () => Promise<{
    source: Source;
    /** What the source stands on; a folder has none. */
    store?: ObjectStore;
    put: (key: string, content: Buffer) => Promise<void>;
    remove: (key: string) => Promise<void>;
  }>;
  /** One that does not exist, and the name by which its fault must call it. */
  missing: () => { source: Source; name: string };
  close: () => Promise<void>;
}

/** What only a source behind a network has. */
export interface Network {
  proxy: () => StoreProxy;
  /** How this store asks for patience. */
  throttled: Answer;
  /** How it refuses. */
  denied: Answer;
}

/** Short enough for a test; four tries. */
export const testPatience: Patience = { tries: 4, firstWaitMs: 2, longestWaitMs: 10, idleMs: 2_000 };

/** A busy machine takes its time. */
const patientlyMs = 8_000;
const signal = new AbortController().signal;
const integration = "currents-export/dataexport.prod-01.S3.integration.69cadaaed2d51b7c75b1a3e5";
const file = "dataexport.prod-01.S3.integration.69cadaaed2d51b7c75b1a3e5+0+123456.avro";
const keys = [
  `${integration}/event_type=users.messages.email.Click/date=2026-11-22-09/417/prod-01/${file}`,
  `${integration}/event_type=users.messages.email.Click/date=2026-11-23-10/version=6/us-01/${file}`,
  `${integration}/event_type=users.messages.email.Open/date=2026-11-23-10/version=2/us-01/${file}`,
  "by hand/clicks (1) + opens & 50%.avro",
  "flat.avro",
  "größer.avro",
];
/** A store's own process takes a while on a busy machine. */
const startWithinMs = 30_000;
const bigBytes = 20 * 1024 * 1024;

/** Bytes of which each is known by its place. */
const patterned = (length: number): Buffer => {
  const content = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) content.writeUInt32LE(at, at);
  return content;
};

/** A piece is good until the next one is asked for. */
const textOf = async (pieces: AsyncIterable<Uint8Array>): Promise<string> => {
  const kept: Buffer[] = [];
  for await (const piece of pieces) kept.push(Buffer.from(piece));
  return Buffer.concat(kept).toString();
};

/** What every source promises (ports.ts, Source). */
export const sourceContract = (name: string, open: () => Promise<SourceUnderTest>, network?: Network): void => {
  describe(`${name} as a source`, () => {
    let under: SourceUnderTest;
    let here: Awaited<ReturnType<SourceUnderTest["fresh"]>>;
    beforeAll(async () => {
      under = await open();
    }, startWithinMs);
    afterAll(() => under.close());
    beforeEach(async () => {
      here = await under.fresh();
      network?.proxy().reset();
    });

    const list = () => collected(here.source.list(signal));
    const stored = async (content: Buffer, key = "a/file.avro"): Promise<SourceObject> => {
      await here.put(key, content);
      const object = (await list()).find((one) => one.key === key);
      if (!object) throw new Error("what was put is not listed");
      return object;
    };

    it("finds files in both of Braze's layouts and in none, with their sizes and times", async () => {
      const startedMs = Date.now();
      for (const [index, key] of keys.entries()) await here.put(key, patterned(4 * (index + 1)));
      const found = await list();
      expect(found.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
      for (const { key, bytes, landedAtMs, uri, version } of found) {
        expect(bytes, key).toBe(4 * (keys.indexOf(key) + 1));
        expect(Math.abs(landedAtMs - startedMs), key).toBeLessThan(60_000);
        expect(uri).toMatch(/^[a-z0-9]+:\/\//);
        expect(version).not.toBe("");
      }
      expect(new Set(found.map(({ uri }) => uri)).size).toBe(keys.length);
    });

    it("gives the hours of an event type oldest first", async () => {
      const hours = ["2026-11-23-10", "2026-11-22-23", "2026-11-23-09"];
      for (const hour of hours) await here.put(`event_type=a.b/date=${hour}/1/us-01/x.avro`, Buffer.from("x"));
      const found = (await list()).map(({ key }) => key.slice("event_type=a.b/date=".length).slice(0, 13));
      expect(found).toEqual(hours.toSorted());
    });

    it("does not see what is hidden, half written or a marker", async () => {
      for (const key of ["a/.hidden.avro", "a/b.avro.tmp", "a/_SUCCESS", "a/good.avro"])
        await here.put(key, Buffer.from("x"));
      expect((await list()).map(({ key }) => key)).toEqual(["a/good.avro"]);
    });

    it("has the same version of a file until the file is replaced", async () => {
      const before = await stored(Buffer.from("first"));
      expect((await list())[0]?.version).toBe(before.version);
      expect((await stored(Buffer.from("other!"))).version).not.toBe(before.version);
    });

    it("reads every kind of key, from any byte on, to the end", async () => {
      for (const key of keys) {
        const object = await stored(Buffer.from(`0123456789 of ${key}`), key);
        expect(await textOf(here.source.read(object, 0, signal)), key).toBe(`0123456789 of ${key}`);
        expect(await textOf(here.source.read(object, 7, signal)), key).toBe(`789 of ${key}`);
        expect(await textOf(here.source.read(object, object.bytes, signal)), key).toBe("");
      }
    });

    it("reads an empty file as no bytes", async () => {
      expect(await textOf(here.source.read(await stored(Buffer.alloc(0)), 0, signal))).toBe("");
    });

    it("does not read a file that was replaced, nor one that is gone", async () => {
      const object = await stored(Buffer.from("first"));
      await here.put(object.key, Buffer.from("other!"));
      for (const from of [0, 2])
        await expect(collected(here.source.read(object, from, signal))).rejects.toThrow(ObjectChanged);
      await here.remove(object.key);
      await expect(collected(here.source.read(object, 0, signal))).rejects.toThrow(ObjectChanged);
    });

    it("that does not exist is said by name, with what to do", async () => {
      const missing = under.missing();
      await expect(collected(missing.source.list(signal))).rejects.toThrow(missing.name);
    });

    it("streams a big file in small pieces, exactly", async () => {
      const content = patterned(bigBytes);
      let at = 0;
      for await (const piece of here.source.read(await stored(content), 0, signal)) {
        expect(piece.length).toBeLessThanOrEqual(1024 * 1024);
        if (!content.subarray(at, at + piece.length).equals(piece)) throw new Error(`other bytes at ${at}`);
        at += piece.length;
      }
      expect(at).toBe(bigBytes);
    });

    it("ends a listing and a read when it is told to", async () => {
      const object = await stored(patterned(bigBytes));
      const stop = new AbortController();
      const reading = (async () => {
        for await (const _ of here.source.read(object, 0, stop.signal)) stop.abort(new Error("enough"));
      })();
      await expect(reading).rejects.toThrow("enough");
      await expect(collected(here.source.list(stop.signal))).rejects.toThrow("enough");
    });

    if (network)
      for (const contract of [networkContract, storeContract])
        contract(network, {
          stored,
          list,
          source: () => here.source,
          put: (...args) => here.put(...args),
          store: () => {
            if (!here.store) throw new Error("a source behind a network stands on a store");
            return here.store;
          },
        });
  });
};

interface Tools {
  stored: (content: Buffer) => Promise<SourceObject>;
  list: () => Promise<SourceObject[]>;
  source: () => Source;
  put: (key: string, content: Buffer) => Promise<void>;
  store: () => ObjectStore;
}

const networkContract = ({ proxy, throttled, denied }: Network, { stored, list, source, put }: Tools): void => {
  it("takes no more from the store than the reader does", async () => {
    const object = await stored(patterned(bigBytes));
    const iterator = source().read(object, 0, signal)[Symbol.asyncIterator]();
    await iterator.next();
    await vi.waitFor(() => expect(proxy().blockedMs()).toBeGreaterThan(150), patientlyMs);
    // What the kernel and the streams hold between the two; the rest is still in the store.
    expect(proxy().sentBytes()).toBeLessThan(bigBytes / 2);
    await iterator.return?.();
  });

  it("goes on at the byte it had reached when a connection breaks, as often as that happens", async () => {
    const content = patterned(1_000_000);
    const object = await stored(content);
    proxy().cutNext(7, 100_000);
    const read = Buffer.concat(await collected(source().read(object, 1_000, signal)));
    expect(read.equals(content.subarray(1_000))).toBe(true);
    expect(proxy().requests.get).toBe(8);
  });

  it("gives up on a connection that breaks at once again and again, with a sentence, and holds nothing", async () => {
    const object = await stored(patterned(1_000_000));
    proxy().cutNext(1_000, 0);
    const fault: unknown = await collected(source().read(object, 0, signal)).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(SourceUnavailable);
    expect(fault).toMatchObject({ message: expect.stringContaining(`${object.uri} cannot be read`) });
    expect(proxy().requests.get).toBe(testPatience.tries);
  });

  it("takes a connection that goes silent for a broken one", async () => {
    const content = patterned(1_000_000);
    const object = await stored(content);
    proxy().stallNext(300_000);
    expect(Buffer.concat(await collected(source().read(object, 0, signal))).equals(content)).toBe(true);
  });

  it("does not go on with other bytes when the file was replaced while its connection was broken", async () => {
    const object = await stored(patterned(1_000_000));
    proxy().cutNext(1, 100_000);
    const reading = (async () => {
      let isReplaced = false;
      for await (const _ of source().read(object, 0, signal)) {
        if (!isReplaced) await put(object.key, patterned(1_000_004));
        isReplaced = true;
      }
    })();
    await expect(reading).rejects.toThrow(ObjectChanged);
  });

  it("waits while it is throttled, and while the store has faults of its own", async () => {
    const object = await stored(Buffer.from("content"));
    for (const answer of [throttled, { status: 500 }, { status: 503 }, { status: 429 }]) {
      proxy().answerNext(3, answer);
      expect(await textOf(source().read(object, 0, signal)), `a read after ${answer.status}`).toBe("content");
      proxy().answerNext(3, answer);
      expect(await list(), `a listing after ${answer.status}`).toHaveLength(1);
    }
  });

  it("that stays throttled is a fault that names it, not an object that failed", async () => {
    const object = await stored(Buffer.from("content"));
    proxy().answerNext(100, throttled);
    await expect(collected(source().read(object, 0, signal))).rejects.toThrow(SourceUnavailable);
    await expect(list()).rejects.toThrow(/cannot be listed: .*tried 4 times/);
  });

  it("that denies access says what to grant, at once", async () => {
    const object = await stored(Buffer.from("content"));
    proxy().reset();
    proxy().answerNext(2, denied);
    await expect(list()).rejects.toThrow(/cannot be listed: .*grant /i);
    await expect(collected(source().read(object, 0, signal))).rejects.toThrow(/cannot be read: .*grant /i);
    expect(proxy().requests).toEqual({ list: 1, get: 1 });
  });

  it("ends at once when it is told to, while it waits for the store", async () => {
    const object = await stored(patterned(1_000_000));
    proxy().reset();
    proxy().stallNext(300_000);
    const stop = new AbortController();
    const reading = collected(source().read(object, 0, stop.signal)).catch((error: unknown) => error);
    await vi.waitFor(() => expect(proxy().sentBytes()).toBe(300_000), patientlyMs);
    const abortedMs = performance.now();
    stop.abort(new Error("enough"));
    expect(await reading).toMatchObject({ message: "enough" });
    expect(performance.now() - abortedMs).toBeLessThan(testPatience.idleMs / 2);
  });
};

const storeContract = ({ proxy }: Network, { put, store }: Tools): void => {
  const page = (query: ListQuery) => store().listPage(query, signal);

  it("lists by the delimiter, from a key on, and page by page", async () => {
    const names = ["a/1.avro", "a/b/2.avro", "a/b/3.avro", "a/c/4.avro", "a/d.avro", "z.avro"];
    for (const name of names) await put(name, Buffer.from("x"));
    const byDelimiter = await page({ prefix: "a/", delimiter: "/" });
    expect(byDelimiter.objects.map(({ key }) => key)).toEqual(["a/1.avro", "a/d.avro"]);
    expect(byDelimiter.prefixes).toEqual(["a/b/", "a/c/"]);

    const from = await page({ prefix: "a/", startAfter: "a/b/2.avro" });
    expect(from.objects.map(({ key }) => key)).toEqual(["a/b/3.avro", "a/c/4.avro", "a/d.avro"]);
    const between = await page({ prefix: "a/", startAfter: "a/b/9" });
    expect(between.objects.map(({ key }) => key)).toEqual(["a/c/4.avro", "a/d.avro"]);

    const query = { prefix: "", startAfter: "a/1.avro", limit: 2 };
    const pages = await collected(pagesOf(page, query));
    expect(pages.flatMap(({ objects }) => objects.map(({ key }) => key))).toEqual(names.slice(1));
    expect(pages.length).toBeGreaterThanOrEqual(3);
  });

  it("is searched for new objects with a request for each event type, not for each hour", async () => {
    const endMs = Date.parse("2026-11-23T12:00:00Z");
    const keyOf = (type: number, hour: number) =>
      `${integration}/event_type=users.t.T${type}/date=${hourOf(endMs - hour * hourMs)}/417/us-01/${file}`;
    for (let type = 0; type < 3; type++)
      for (let hour = 0; hour < 40; hour += 2) await put(keyOf(type, hour), Buffer.from("x"));
    await put("by hand.avro", Buffer.from("x"));
    const counted = {
      list: page,
      countRequests: () => {
        const { list } = proxy().requests;
        proxy().reset();
        return list;
      },
    };
    let nowMs = endMs;
    const { round, finder } = bucketRounds(counted, { root: "" }, { now: () => nowMs });
    const all: string[] = [];
    for (let rounds = 0; rounds < 9 && !finder.isComplete?.(); rounds++) all.push(...(await round()).found);
    expect(all).toHaveLength(3 * 20 + 1);
    expect(new Set(all).size).toBe(all.length);

    const fresh = [keyOf(0, 1), keyOf(1, 3)];
    for (const key of fresh) await put(key, Buffer.from("x"));
    const { found, requests } = await round();
    expect(found.toSorted()).toEqual(fresh.toSorted());
    // The root, the folder of exports, the integration, three event types.
    expect(requests).toBe(6);

    const others = [keyOf(7, 0), "by hand/too.avro"];
    for (const key of others) await put(key, Buffer.from("x"));
    nowMs += 10 * 60_000;
    expect([...(await round()).found, ...(await round()).found].toSorted()).toEqual(others.toSorted());
  });
};
