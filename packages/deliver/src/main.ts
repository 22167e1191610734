import type { RelayConfig, SegmentConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { openPagePool } from "@currents-relay/shared/core/pages.ts";
import { unlessForced } from "@currents-relay/shared/runtime/lifecycle.ts";
import {
  createStage,
  type OpenWorkspace,
  type Stage,
  type StageContext,
  type WorkspaceRunner,
} from "@currents-relay/shared/stage/stage.ts";
import { startSweeping } from "@currents-relay/shared/stage/sweep-part.ts";
import { openWorkspaceTools, type WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { attemptLog } from "./adapters/attempt-log.ts";
import { backingOff } from "./adapters/backing-off.ts";
import { startDeadLetterClock } from "./adapters/dead-letter-clock.ts";
import { noteArchiving } from "./adapters/desk-keys.ts";
import { expiredToArchive } from "./adapters/expired-to-archive.ts";
import { pacedBehind, pacedBy } from "./adapters/paced.ts";
import { gatheredOldestHeld, type OldestHeld, redisDeadLetters } from "./adapters/redis-dead-letters.ts";
import { redisRate } from "./adapters/redis-rate.ts";
import { segmentTransport } from "./adapters/segment-transport.ts";
import { timedSend } from "./adapters/timed-send.ts";
import { gatheredTexts, type ReadText } from "@currents-relay/shared/runtime/gathered-texts.ts";
import { workspaceNotices } from "./adapters/workspace-notices.ts";
import { openWorkspaceOutage } from "./adapters/workspace-outage.ts";
import { endByAge } from "./end-by-age.ts";
import type { OutageGate } from "./outage-gate.ts";
import type { DeliverPorts } from "./ports.ts";
import type { Lane } from "./rate.ts";
import type { SegmentTransport } from "./transport.ts";
import { startDeadLetterWorker, startDeliverWorker } from "./workers.ts";

/** The deliver stage: for each workspace a worker for fresh batches and one for dead letters. */
export const deliverStage = (context: StageContext, config: RelayConfig): Stage => {
  const shared = { readText: gatheredTexts(context.redis), oldestHeld: gatheredOldestHeld(context.redis) };
  const open: OpenWorkspace = (name, workspace, current) =>
    openDeliver({ ...context, ...shared }, { name, workspace, config: current });
  return createStage("deliver", config, open, context);
};

/** What is read for all workspaces at once. */
interface ReadTogether {
  readText: ReadText;
  oldestHeld: OldestHeld;
}

const openDeliver = async (
  context: StageContext & ReadTogether,
  { name, workspace, config }: { name: string; workspace: WorkspaceConfig; config: RelayConfig },
): Promise<WorkspaceRunner> => {
  const { segment, expiry } = workspace;
  const log = context.log.child({ stage: "deliver", workspace: name });
  const tools = openWorkspaceTools(context, name);
  const transport = await segmentTransport(segment);
  const outage = await openWorkspaceOutage(context, name, workspace).catch((error: unknown) => {
    transport.close(); // it is tried again, with another one
    throw error;
  });
  const deadLetters = redisDeadLetters(context.redis, name, { ...tools, oldestHeld: context.oldestHeld });
  const portsOf = portsByLane({ context, name, segment, tools, transport, gate: outage.gate });

  // Remembered by Redis; where it refuses (it is full), an earlier process has told it.
  await tools.queues
    .keepInOrder("deadletter")
    .catch((error: unknown) => log.warn({ err: error }, "replay.order-not-set"));
  const shared = { context, name, log, tools, segment, deadLetters };
  const fresh = startDeliverWorker({
    ...shared,
    ports: portsOf("fresh"),
    behind: behindOf({ context, name, segment, tools }),
  });
  const archiving = { workspace: name, archive: expiry.archive, spool: tools.spool, log };
  const replay = startDeadLetterWorker({
    ...shared,
    ports: portsOf("replay"),
    end: endByAge(expiry, expiredToArchive(archiving, noteArchiving(context.redis, name)), Date.now),
  });
  const clock = startDeadLetterClock({ deadLetters, outage: outage.watch, expiry, log, now: Date.now });
  const notices = workspaceNotices(context, {
    name,
    workspace,
    notify: config.notify,
    outage: outage.watch,
    deadLetters,
  });
  notices.start();
  const sweeping = startSweeping(context, name, tools);
  return {
    isRunning: () => fresh.isRunning() && replay.isRunning(),
    drain: async (force) => {
      await Promise.all([fresh.drain(force), replay.drain(force)]);
      // All of these may wait for Redis.
      await unlessForced(force, Promise.all([clock.stop(), sweeping.stop(), notices.drain(force)]));
      await unlessForced(force, outage.drain(force));
      transport.close();
      await tools.queues.close();
    },
  };
};

interface Delivering {
  context: StageContext;
  name: string;
  segment: SegmentConfig;
  tools: WorkspaceTools;
  transport: SegmentTransport;
  gate: OutageGate;
}

const uninterrupted = new AbortController().signal;
/** Where batches lie while they are sent, of all workspaces together: half a megabyte each. */
const pagesKept = 8;
const openPages = openPagePool(pagesKept);

/** The rate of what is read again, which is what the fresh batches leave. */
const behindOf =
  ({ context, name, segment, tools }: Pick<Delivering, "context" | "name" | "segment" | "tools">) =>
  (isInHand: () => boolean) => {
    const { rateGroup: group = name, eventsPerSecond } = segment;
    const isWaiting = async () => (await tools.queues.open("deliver").getWaitingCount()) > 0;
    return pacedBehind({ rate: redisRate(context.redis), group, eventsPerSecond }, { isInHand, isWaiting });
  };

/** Both lanes share the connections, the rate and the backoff; each reads its own queue's payloads. */
const portsByLane = ({ context, name, segment, tools, transport, gate }: Delivering) => {
  const rate = redisRate(context.redis);
  const group = segment.rateGroup ?? name;
  const backoff = backingOff(rate, group);
  const note = attemptLog(context, name);
  const send = timedSend(transport.send, context.metrics, name);
  return (lane: Lane): Omit<DeliverPorts, "toSameQueue"> => ({
    outage: gate,
    openPages,
    readBatch: async (id, count, openPage) => {
      // A batch that was moved to the dead letters is not the deliver queue's any more, and the other way round.
      const calls = await tools.spool.read(id, lane === "fresh" ? "deliver" : "deadletter", openPage);
      return calls && { calls, count };
    },
    takeRate: pacedBy({ rate, group, eventsPerSecond: segment.eventsPerSecond, lane }),
    send: (batch) => send(batch, uninterrupted),
    noteAttempt: (id, batch, verdict) => {
      if (verdict.kind !== "wait") backoff.reset();
      note(id, batch, verdict);
    },
    backOff: backoff.backOff,
    toQuarantine: tools.toQuarantine,
    now: Date.now,
  });
};
