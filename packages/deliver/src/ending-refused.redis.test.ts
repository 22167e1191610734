import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { ok, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { beforeEach, expect, test } from "vitest";
import { type DeskRoom, openDeskRoom } from "./adapters/desk.testing.ts";
import { refusedBefore } from "./adapters/refused-before.ts";
import { halves, rejectedCall } from "./core/parcels.ts";
import { endingRefused } from "./ending-refused.ts";

const id = "d-file-0-3-00000000-0" as JobId;
const server = useRedis();
let room: DeskRoom;
beforeEach(() => {
  room = openDeskRoom(server.connect());
});

const dataOf = (calls: number): DeliverJob => ({
  v: 1,
  connector: "engagement",
  calls,
  bytes: 9,
  landedAtMs: 1,
  origin: { uri: "file:///a.avro", blockOffset: 7 },
});
const batchOf = (count: number) => ({
  calls: Buffer.from(Array.from({ length: count }, (_, i) => `{"messageId":"${i}","event":"e"}`).join(",\n")),
  count,
});

/** A batch of so many calls, what its earlier run may have done, and how its next one ends; `sent` where it is sent. */
const aBatch = (count: number) => {
  const { redis, workspace, toDeliver: toSameQueue, toQuarantine } = room;
  const sent: JobId[] = [];
  const deliver = async (job: { id: JobId }): Promise<Outcome<Tally>> => {
    sent.push(job.id);
    return ok({ in: count, ok: count });
  };
  const ports = { refusedBefore: refusedBefore(redis, workspace), readBatch: async () => batchOf(count), toSameQueue };
  const again = endingRefused(ports, deliver);
  return {
    sent,
    toSameQueue,
    parts: halves(id, dataOf(count), batchOf(count)) ?? [],
    toQuarantine,
    run: (runs: number) => again({ id, data: dataOf(count), ageMs: 0, runs, signal: new AbortController().signal }),
  };
};
const waiting = async () => new Set((await room.queues.open("deliver").getWaiting()).map((job) => job.id));

test("halves that were handed over, or one of them, end the batch: the next run sends nothing", async () => {
  const { parts, toSameQueue, run, sent } = aBatch(3);
  await toSameQueue(parts.slice(0, 1));
  expect(await run(2)).toEqual(ok({}));
  expect(await waiting()).toEqual(new Set([`${id}a`, `${id}b`]));
  expect(await run(3)).toEqual(ok({}));
  expect(await waiting()).toEqual(new Set([`${id}a`, `${id}b`]));
  expect(sent).toEqual([]);
});

test.each(["rejected", "too-large-for-segment"] as const)(
  "a call that was set aside as %s ends so, and is counted",
  async (reason) => {
    const { toQuarantine, run, sent } = aBatch(1);
    const verdict = { kind: "split", name: reason, reason, why: "Segment answered" } as const;
    await toQuarantine([rejectedCall(id, dataOf(1), { batch: batchOf(1), verdict })]);
    expect(await run(2)).toEqual(ok({ in: 1, [`quarantined:${reason}`]: 1 }));
    expect(sent).toEqual([]);
  },
);

test("a batch that was not refused before is sent, and the first run asks nobody", async () => {
  const { run, sent, parts, toSameQueue } = aBatch(3);
  expect(await run(2)).toEqual(ok({ in: 3, ok: 3 }));
  await toSameQueue(parts);
  await run(1);
  expect(sent).toEqual([id, id]);
});
