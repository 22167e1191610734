import type { RelayConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { setWholeJobAside } from "@currents-relay/shared/queues/set-aside.ts";
import { startStageWorker } from "@currents-relay/shared/queues/stage-worker.ts";
import {
  createStage,
  type Stage,
  type StageContext,
  type WorkspaceRunner,
} from "@currents-relay/shared/stage/stage.ts";
import { startSweeping } from "@currents-relay/shared/stage/sweep-part.ts";
import { openWorkspaceTools, type WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { attemptLog } from "./adapters/attempt-log.ts";
import { backingOff } from "./adapters/backing-off.ts";
import { pacedBy } from "./adapters/paced.ts";
import { redisRate } from "./adapters/redis-rate.ts";
import { segmentTransport } from "./adapters/segment-transport.ts";
import { requestsInFlight } from "./core/requests-in-flight.ts";
import { deliverBatch } from "./pipeline.ts";
import type { DeliverPorts } from "./ports.ts";
import type { SegmentTransport } from "./transport.ts";

/** The deliver stage: a worker for each workspace. */
export const deliverStage = (context: StageContext, config: RelayConfig): Stage =>
  createStage("deliver", config, (name, workspace) => openDeliver(context, name, workspace));

const openDeliver = async (
  context: StageContext,
  name: string,
  workspace: WorkspaceConfig,
): Promise<WorkspaceRunner> => {
  const tools = openWorkspaceTools(context, name);
  const { queues } = tools;
  const queue = queues.open("deliver");
  // Without a limit of its own a queue does not heed queue.rateLimit(), by which `retry` makes the workspace wait.
  await queue.setGlobalRateLimit(1_000_000_000, 1_000);
  const transport = segmentTransport(workspace.segment);
  const sweeping = startSweeping(context, name, tools);

  const worker = startStageWorker<DeliverJob>({
    workspace: name,
    kind: "deliver",
    queue,
    redis: context.redis,
    log: context.log.child({ stage: "deliver", workspace: name }),
    concurrency: requestsInFlight(workspace.segment.eventsPerSecond),
    retryWaitsFor: "queue",
    handle: deliverBatch(portsOf(context, { name, workspace, tools, transport })),
    setAside: async ({ id, data }, reason, cause) => {
      const payload = (await tools.spool.read(id)) ?? Buffer.alloc(0);
      const { connector, landedAtMs, calls: events, origin } = data;
      const job = { id, connector, landedAtMs, uri: origin.uri, events, payload };
      return setWholeJobAside(tools.toQuarantine, job, { reason, cause });
    },
    settle: (id, tally) => tools.settle("deliver", id, tally),
  });
  return {
    isRunning: worker.isRunning,
    drain: async (force) => {
      await worker.drain(force);
      await sweeping.stop();
      await transport.close();
      await queues.close();
    },
  };
};

interface Delivering {
  name: string;
  workspace: WorkspaceConfig;
  tools: WorkspaceTools;
  transport: SegmentTransport;
}

const portsOf = (context: StageContext, { name, workspace, tools, transport }: Delivering): DeliverPorts => {
  const { spool, queues, toQuarantine } = tools;
  const { eventsPerSecond, rateGroup: group = name } = workspace.segment;
  const rate = redisRate(context.redis);
  const { backOff, reset } = backingOff(rate, group);
  const note = attemptLog(context, name);
  return {
    readBatch: async (id, count) => {
      const calls = await spool.read(id);
      return calls && { calls: calls.toString("utf8"), count };
    },
    heldBecause: () => undefined,
    takeRate: pacedBy({ rate, group, eventsPerSecond, lane: "fresh" }),
    send: transport.send,
    noteAttempt: (id, batch, verdict) => {
      if (verdict.kind !== "wait") reset();
      note(id, batch, verdict);
    },
    reportRefusal: () => Promise.resolve(),
    backOff,
    toDeliver: handOverTo<DeliverJob>("deliver", spool, queues),
    toQuarantine,
    now: Date.now,
  };
};
