import type { DeadLetterJob, DeliverJob, QuarantineJob } from "@currents-relay/shared/contracts/jobs.ts";
import { type Tally, tallyField } from "@currents-relay/shared/contracts/tally.ts";
import {
  deliverJobId,
  type FileId,
  type JobId,
  quarantineJobId,
  transformJobId,
} from "@currents-relay/shared/core/ids.ts";
import { tallyKey } from "@currents-relay/shared/core/keys.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { openWorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import { conservationOf, readWorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import type { Redis } from "ioredis";
import type { DeskEntry, DeskQueue } from "../core/desk-entry.ts";
import { contentOf, type QuarantineLine, type Remapped } from "../core/quarantine-content.ts";
import type { Desk } from "../desk.ts";
import type { ReplayPorts } from "../replay-quarantine.ts";
import { quarantineDesk } from "./quarantine-desk.ts";
import { redisDesk } from "./redis-desk.ts";

const workspace = "acme";
const file = (name: string) => name as FileId; // as the lister would make one

export const chunkId = (chunk = 0): JobId => transformJobId(file("file"), chunk, 3);

/** A record that the mapping of these tests takes once its kind is known to it. */
export const aLine = (id: string, kind = "a"): QuarantineLine => ({
  reason: "missing-name",
  message: "the custom event has no name",
  eventType: "users.behaviors.CustomEvent",
  eventId: id,
  record: { id, kind },
});

/** One workspace's Redis with what the desk looks at. */
const openRoom = (redis: Redis) => {
  const spool = redisSpool(redis, workspace);
  const queues = openWorkspaceQueues(redis, workspace);
  return {
    redis,
    workspace,
    spool,
    queues,
    toQuarantine: handOverTo<QuarantineJob>("quarantine", spool, queues),
    toDeliver: handOverTo<DeliverJob>("deliver", spool, queues),
    toDeadLetters: handOverTo<DeadLetterJob>("deadletter", spool, queues),
    desk: (queue: DeskQueue, pageEntries = 3): Desk => redisDesk({ redis, workspace, queue, spool, pageEntries }),

    /** Counts as transform would have. */
    count: async (tally: Tally) => {
      for (const [label, events] of Object.entries(tally))
        await redis.hincrby(tallyKey(workspace), tallyField("transform", label), events);
    },
  };
};
type Room = ReturnType<typeof openRoom>;

/** Sets events of a chunk aside, as transform does. */
const setAside =
  ({ toQuarantine, count }: Room) =>
  async (lines: readonly QuarantineLine[], overrides: Partial<QuarantineJob> = {}, chunk = 0): Promise<JobId> => {
    const from = overrides.from ?? chunkId(chunk);
    const data: QuarantineJob = {
      v: 1,
      connector: "engagement",
      reason: "missing-name",
      detail: "the custom event has no name",
      events: lines.length,
      origin: { uri: "file:///a.avro", blockOffset: 7, recordIndex: 0 },
      landedAtMs: 1_000,
      from,
      ...overrides,
    };
    const id = quarantineJobId(from, data.reason);
    const payload = Buffer.from(lines.map((line) => JSON.stringify(line)).join("\n"));
    await toQuarantine([{ id, data, payload, events: lines.length }]);
    await count({ in: lines.length, [`quarantined:${data.reason}`]: lines.length });
    return id;
  };

/** Holds batches of so many calls each, oldest first. */
const holdBatches =
  ({ toDeadLetters, count }: Room) =>
  async (sizes: readonly number[], name = "held"): Promise<JobId[]> => {
    const ids: JobId[] = [];
    for (const [index, calls] of sizes.entries()) {
      const id = deliverJobId(transformJobId(file(name), 0, 3), "00000000", index);
      const texts = Array.from({ length: calls }, (_, call) => `{"type":"track","messageId":"${id}/${call}"}`);
      const payload = Buffer.from(texts.join(",\n"));
      const origin = { uri: "file:///a.avro", blockOffset: 0 };
      const job = { v: 1 as const, connector: "engagement", calls, bytes: payload.length, landedAtMs: 1_000, origin };
      const data: DeadLetterJob = { ...job, heldAtMs: 2_000 + index, heldFor: "unauthorized" };
      await toDeadLetters([{ id, data, payload, events: calls }]);
      await count({ in: calls, ok: calls });
      ids.push(id);
    }
    return ids;
  };

/** What the stages would have left in Redis, and how it is looked at. */
export const openDeskRoom = (redis: Redis) => {
  const room = openRoom(redis);
  const { spool, desk } = room;
  return {
    ...room,
    setAside: setAside(room),
    holdBatches: holdBatches(room),

    /** Ends a dead letter as its worker does. */
    deliver: async ({ id, events }: DeskEntry) => {
      await redis.lrem(`relay:deadletter-${workspace}:wait`, 1, id);
      await spool.settle(id, "deadletter", "deliver", { in: events, ok: events });
    },

    entries: async (queue: DeskQueue, pageEntries?: number): Promise<DeskEntry[]> => {
      const all: DeskEntry[] = [];
      await desk(queue, pageEntries).walk(async (page) => {
        all.push(...page);
        return { ended: new Set() };
      });
      return all;
    },

    /** The calls that wait for deliver, by the id of their event. */
    waitingCalls: async (): Promise<string[]> => {
      const ids = await redis.lrange(`relay:deliver-${workspace}:wait`, 0, -1);
      const payloads = await Promise.all(ids.toReversed().map((id) => spool.read(id as JobId, "deliver"))); // job ids
      return payloads
        .flatMap((payload) => contentOf(payload ?? Buffer.alloc(0)))
        .flatMap((content) => (content.kind === "lines" ? content.lines.map(({ eventId = "" }) => eventId) : []));
    },

    status: async () => {
      const status = await readWorkspaceStatus(redis, workspace);
      // Ingest is not part of this room.
      const differences = conservationOf(status).differences.filter((text) => !text.startsWith("ingest"));
      return { ...status, differences };
    },

    /** What deliver has counted. */
    tally: async (): Promise<Tally> => (await readWorkspaceStatus(redis, workspace)).tallies.deliver,
  };
};
export type DeskRoom = ReturnType<typeof openDeskRoom>;

/** Claims as transform's: first come, first served, an owner again and again. */
export const fakeClaims = (taken = new Map<string, string>()) => {
  const claim: ReplayPorts["claim"] = async (_connector, owner, ids) =>
    ids.map((id) => {
      if (!taken.has(id)) taken.set(id, owner);
      return taken.get(id) === owner;
    });
  return { claim, taken };
};

/** Maps records of these kinds; a second one of an id is a duplicate. */
export const remapOf =
  (kinds: string): ReplayPorts["remap"] =>
  (_connector, lines) => {
    const seen = new Set<string>();
    return lines.map(({ record }): Remapped | undefined => {
      if (record === undefined) return undefined;
      const { id, kind } = record as { id: string; kind: string }; // made by aLine
      if (!kinds.includes(kind)) return { kind: "stays", reason: "missing-name", message: "still no name" };
      if (seen.has(id)) return { kind: "duplicate" };
      seen.add(id);
      return { kind: "call", call: { type: "track", messageId: id, event: kind }, eventId: id };
    });
  };

export const replayPorts = (
  room: DeskRoom,
  { kinds = "a", claim = fakeClaims().claim }: { kinds?: string; claim?: ReplayPorts["claim"] } = {},
): ReplayPorts => ({
  ...quarantineDesk({
    redis: room.redis,
    workspace: room.workspace,
    desk: room.desk("quarantine"),
    linesOfChunk: (chunk) =>
      chunk
        .toString("utf8", 5)
        .split("\n")
        .map((text) => JSON.parse(text) as QuarantineLine), // by the test
  }),
  remap: remapOf(kinds),
  claim,
  toDeliver: room.toDeliver,
});
