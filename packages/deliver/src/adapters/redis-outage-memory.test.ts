import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Effect, OutageEvent } from "../core/outage-event.ts";
import { maySend, openOutage } from "../core/outage-state.ts";
import {
  key,
  keyChanged,
  known,
  outagesConformance,
  refused,
  trialTaken,
  unknown,
} from "./redis-outage-conformance.ts";
import { memoryText } from "./redis-outage-memory.ts";
import { outagesIn, type SharedText } from "./redis-outage.ts";

describe("the outage in memory", () => {
  outagesConformance((pods) => {
    const text = memoryText();
    return Array.from({ length: pods }, () => outagesIn(text));
  });
});

describe("the outage over a shared text", () => {
  it("writes nothing for an event that changes nothing", async () => {
    const text = memoryText();
    const swaps: string[] = [];
    const counted: SharedText = {
      read: text.read,
      swap: (before, after) => {
        swaps.push(after);
        return text.swap(before, after);
      },
    };
    const outages = outagesIn(counted);
    for (const event of [keyChanged, keyChanged, refused(5), known(10), known(10)]) await outages.report(event);
    expect(swaps.map((one) => (JSON.parse(one) as { version: number }).version)).toEqual([1, 2]);
  });

  it("refuses a state that a newer version has written, rather than misread it", async () => {
    const text = memoryText();
    await text.swap(undefined, JSON.stringify({ v: 2 }));
    await expect(outagesIn(text).read()).rejects.toThrow("outage state version 2 is not known");
    await expect(outagesIn(text).report(keyChanged)).rejects.toThrow("update this worker");
  });

  it("keeps its promises however the reads and swaps of several pods fall between each other", async () => {
    const anEvent = fc.oneof(
      fc.integer({ min: 2, max: 900 }).map(known),
      fc.integer({ min: 2, max: 900 }).map(unknown),
      fc.integer({ min: 2, max: 900 }).map(refused),
      fc.integer({ min: 2, max: 900 }).map(trialTaken),
      fc.constantFrom<OutageEvent>(
        { kind: "drained", atMs: 500 },
        { kind: "operatorHold", atMs: 500 },
        { kind: "operatorResume", atMs: 500 },
        { kind: "delivered", keyFingerprint: key, atMs: 500 },
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.array(anEvent, { maxLength: 6 }), { maxLength: 4 }),
        async (scheduler, pods) => {
          const text = memoryText(() => scheduler.schedule(Promise.resolve()));
          const outages = outagesIn(text);
          const effects: Effect[] = [];
          const all = Promise.all(
            pods.map(async (events) => {
              for (const event of [keyChanged, ...events]) effects.push(...(await outages.report(event)).effects);
            }),
          );
          await scheduler.waitFor(all);
          const read = outages.read();
          await scheduler.waitFor(read);
          const state = await read;
          const count = (wanted: Effect) => effects.filter((effect) => effect === wanted).length;
          expect(count("tellOpened") - count("tellClosed")).toBe(openOutage(state) ? 1 : 0);
          expect(state.untold).toHaveLength(effects.filter((effect) => effect.startsWith("tell")).length);
          if (maySend(state, key) !== "no") expect(state.lastVerifiedMs).toBeDefined();
        },
      ),
      { numRuns: 200 },
    );
  });
});
