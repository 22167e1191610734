import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { afterEach, describe, expect, it } from "vitest";
import type { Effect } from "../core/outage-event.ts";
import { key, keyChanged, known, refused, unknown } from "./redis-outage-conformance.ts";
import { memoryOutages } from "./redis-outage-memory.ts";
import { type OutageWatch, type OutageWatchOptions, watchOutage } from "./redis-outage-watch.ts";
import type { Outages } from "./redis-outage.ts";

const log = createLogger({ level: "silent", terminal: false });
const signal = AbortSignal.timeout(60_000);
const started: OutageWatch[] = [];
const start = async (outages: Outages, over: Partial<OutageWatchOptions> = {}) => {
  const watch = watchOutage({ workspace: "acme", outages, log, everyMs: 60_000, ...over });
  started.push(watch);
  await watch.start();
  return watch;
};
afterEach(async () => {
  await Promise.all(started.splice(0).map((watch) => watch.drain(signal)));
});

describe("a pod's watch of the outage", () => {
  it("says what was read at the start, and at once what the pod itself reported", async () => {
    const outages = memoryOutages();
    await outages.report(keyChanged);
    const watch = await start(outages);
    expect(watch.state()).toMatchObject({ kind: "unverified", keyFingerprint: key });
    await watch.report(known(10));
    expect(watch.state().kind).toBe("flowing");
  });

  it("has nothing to say before it was started", () => {
    const watch = watchOutage({ workspace: "acme", outages: memoryOutages(), log });
    expect(() => watch.state()).toThrow("was not read yet");
  });

  it("learns of another pod's report by itself", async () => {
    const outages = memoryOutages();
    const watch = await start(outages, { everyMs: 5 });
    const seen = watch.state();
    await outages.report(keyChanged);
    expect((await watch.changed(seen, signal)).keyFingerprint).toBe(key);
    const next = watch.state();
    await outages.report(known(10));
    expect((await watch.changed(next, signal)).kind).toBe("flowing");
  });

  it("wakes who waits for a change, and does not call it a change when nothing is different", async () => {
    const watch = await start(memoryOutages());
    await watch.report(keyChanged);
    const seen = watch.state();
    await watch.refresh();
    expect(watch.state()).toBe(seen);
    const change = watch.changed(seen, signal);
    await watch.report(known(10));
    expect(await change).toBe(watch.state());
    expect(await watch.changed(seen, signal)).toBe(watch.state());
  });

  it("gives up waiting when it is told to", async () => {
    const watch = await start(memoryOutages());
    const aborter = new AbortController();
    const change = watch.changed(watch.state(), aborter.signal);
    aborter.abort();
    await expect(change).rejects.toThrow("given up waiting");
  });

  it("hands effects to whoever acts on them, only those of this pod's reports", async () => {
    const outages = memoryOutages();
    const acted: Effect[] = [];
    const watch = await start(outages, { onEffects: (effects) => acted.push(...effects) });
    await outages.report(keyChanged);
    await watch.report(known(10));
    await watch.report(refused(20));
    await watch.report(refused(21));
    expect(acted).toEqual(["tellOpened"]);
  });

  it("does not let an answer that was long under way replace a newer one", async () => {
    const outages = memoryOutages();
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow: Outages = {
      ...outages,
      read: async () => {
        const state = await outages.read();
        asked.resolve();
        await released.promise;
        return state;
      },
    };
    const watch = watchOutage({ workspace: "acme", outages: slow, log, everyMs: 60_000 });
    started.push(watch);
    const [first, reported] = [watch.start(), watch.report(keyChanged)];
    await asked.promise;
    await new Promise(setImmediate); // time enough for a report that does not wait its turn
    released.resolve();
    await Promise.all([first, reported]);
    expect(watch.state().keyFingerprint).toBe(key);
  });

  it("keeps the last known state while Redis does not answer, and goes on when it does", async () => {
    const outages = memoryOutages();
    const [answer, fail] = [outages.read, () => Promise.reject(new Error("Connection is closed."))];
    let read: Outages["read"] = answer;
    const watch = await start({ ...outages, glance: () => read() }, { everyMs: 5 });
    await watch.report(keyChanged);
    const seen = watch.state();
    let failures = 0;
    read = () => {
      failures += 1;
      return fail();
    };
    await expect.poll(() => failures).toBeGreaterThan(1);
    expect(watch.state()).toBe(seen);
    read = answer;
    await outages.report(unknown(10));
    expect((await watch.changed(seen, signal)).kind).toBe("holding");
  });

  it("stops reading when it is drained, also twice, also before the start", async () => {
    const outages = memoryOutages();
    let reads = 0;
    const counted: Outages = {
      ...outages,
      glance: () => {
        reads += 1;
        return outages.read();
      },
    };
    const watch = await start(counted, { everyMs: 1 });
    await expect.poll(() => reads).toBeGreaterThan(2);
    await watch.drain(signal);
    await watch.drain(signal);
    const readsAtEnd = reads;
    let othersReads = 0;
    const glance = () => {
      othersReads += 1;
      return outages.read();
    };
    await start({ ...outages, glance }, { everyMs: 1 });
    await expect.poll(() => othersReads).toBeGreaterThan(5);
    expect(reads).toBe(readsAtEnd);
    await watchOutage({ workspace: "acme", outages, log }).drain(signal);
  });
});
