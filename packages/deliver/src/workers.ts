import type { SegmentConfig } from "@currents-relay/shared/config/schema.ts";
import type { DeadLetterJob, DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { setWholeJobAside } from "@currents-relay/shared/queues/set-aside.ts";
import {
  type Item,
  startStageWorker,
  type StageWorker,
  type StageWorkerOptions,
} from "@currents-relay/shared/queues/stage-worker.ts";
import { forcedPartMs } from "@currents-relay/shared/runtime/lifecycle.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import type { StageContext } from "@currents-relay/shared/stage/stage.ts";
import type { WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { refusedBefore } from "./adapters/refused-before.ts";
import { requestsInFlight } from "./core/requests-in-flight.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { EndByAge } from "./end-by-age.ts";
import { endingRefused } from "./ending-refused.ts";
import { deliverBatch } from "./pipeline.ts";
import type { DeliverPorts } from "./ports.ts";

export interface DeliverWorkerOptions {
  context: StageContext;
  name: string;
  log: Logger;
  tools: WorkspaceTools;
  segment: SegmentConfig;
  deadLetters: DeadLetters;
  ports: Omit<DeliverPorts, "toSameQueue">;
}

/**
 * Fresh batches, and what is read again by the rate that is left `behind` them. What an outage holds goes to the dead
 * letters at once, so the queue itself never waits for anybody.
 */
export const startDeliverWorker = (
  options: DeliverWorkerOptions & { behind: (isFreshInHand: () => boolean) => DeliverPorts["takeRate"] },
): StageWorker => {
  const { context, name, ports, behind, tools, segment, deadLetters } = options;
  const toSameQueue = handOverTo<DeliverJob>("deliver", tools.spool, tools.queues);
  let freshInHand = 0;
  const ending = { refusedBefore: refusedBefore(context.redis, name), readBatch: ports.readBatch, toSameQueue };
  const fresh = endingRefused(ending, deliverBatch({ ...ports, toSameQueue }));
  const takeRate = behind(() => freshInHand > 0);
  const reread = endingRefused(ending, deliverBatch({ ...ports, takeRate, toSameQueue }));
  return startStageWorker<DeliverJob>({
    ...workerOf(options, "deliver"),
    concurrency: requestsInFlight(segment.eventsPerSecond),
    handle: async (item) => {
      if (item.data.reread) return reread(item);
      freshInHand += 1;
      return fresh(item).finally(() => (freshInHand -= 1));
    },
    onHold: async (item, reason) => {
      await deadLetters.hold(item, reason);
      return "moved";
    },
  });
};

/** How often the oldest dead letter asks whether the outage is over, or its own time is. */
const holdingWaitMs = 1_000;

/**
 * Dead letters: one at a time, oldest first, at most half of the rate while there are fresh batches (rate.ts). While the
 * outage lasts the first one waits at the head of its queue, and costs one look a second.
 */
export const startDeadLetterWorker = (options: DeliverWorkerOptions & { end: EndByAge }): StageWorker => {
  const { context, name, ports, tools, end } = options;
  const toSameQueue = handOverTo<DeadLetterJob>("deadletter", tools.spool, tools.queues);
  const ending = { refusedBefore: refusedBefore(context.redis, name), readBatch: ports.readBatch, toSameQueue };
  const send = endingRefused(ending, deliverBatch<DeadLetterJob>({ ...ports, toSameQueue }));
  return startStageWorker<DeadLetterJob>({
    ...workerOf(options, "deadletter"),
    concurrency: 1,
    handle: async (item) => {
      const outcome = await send(item);
      // Only what cannot be sent ends by its age: a replay that has begun may take as long as it needs, also while the trial
      // is another's.
      const isHeld = outcome.kind === "hold" && ports.outage.look().kind === "hold";
      return isHeld ? ((await end(item)) ?? outcome) : outcome;
    },
    onHold: () => Promise.resolve({ waitMs: holdingWaitMs }),
  });
};

/** What both workers share. */
const workerOf = <Job extends DeliverJob>(
  { context, name, log, tools, segment }: DeliverWorkerOptions,
  kind: "deliver" | "deadletter",
) =>
  ({
    workspace: name,
    kind,
    redis: context.redis,
    log,
    retryWaitsFor: "queue",
    // A request that is under way is let come to its end, also when the process has to end now.
    timing: { giveBackMs: Math.min(segment.requestTimeoutMs + 2_000, forcedPartMs - 1_000) },
    hasLeft: (id: JobId) => tools.spool.hasLeft(id, kind),
    setAside: async ({ id, data }: Item<Job>, reason, cause) => {
      const payload = await tools.spool.salvage(id);
      const { connector, landedAtMs, calls: events, origin, reread } = data;
      const job = { id, connector, landedAtMs, uri: origin.uri, events, payload, reread };
      return setWholeJobAside(tools.toQuarantine, job, { reason, cause });
    },
    settle: (id: JobId, tally: Tally) => tools.settle("deliver", kind, id, tally),
  }) satisfies Partial<StageWorkerOptions<Job>>;
