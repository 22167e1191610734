import { decodeChunk } from "@currents-relay/shared/contracts/chunk.ts";
import { batchLimits } from "@currents-relay/shared/contracts/call.ts";
import type { DeliverJob, Reread, TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { RelayConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { openPagePool, type Pages } from "@currents-relay/shared/core/pages.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { setWholeJobAside } from "@currents-relay/shared/queues/set-aside.ts";
import { type Hands, openHands } from "@currents-relay/shared/queues/hands.ts";
import { startStageWorker, type StageWorkerOptions } from "@currents-relay/shared/queues/stage-worker.ts";
import {
  createStage,
  type Stage,
  type StageContext,
  type WorkspaceRunner,
} from "@currents-relay/shared/stage/stage.ts";
import { startSweeping } from "@currents-relay/shared/stage/sweep-part.ts";
import { openWorkspaceTools, type WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { mostCallsBehind } from "./core/batch-size.ts";
import { notingSpool } from "./adapters/noting-spool.ts";
import { claimScope } from "./adapters/claim-layout.ts";
import { redisClaims } from "./adapters/redis-claims.ts";
import { type RetiredRules, retiredRules, rulesInForce } from "./adapters/retired-rules.ts";
import { schemaWatch } from "./adapters/schema-watch.ts";
import { connectorRules, rulesFor, sharedRules } from "./config.ts";
import { transformChunk } from "./pipeline.ts";
import type { Claims, TransformPorts } from "./ports.ts";

/**
 * Of all workspaces together: each is some megabytes. Mapping is CPU work on one thread; the others in hand hide one's
 * waits for Redis. Two fall into step, and wait together; with more, Redis answers several at once (ADR 0030).
 */
const chunksInHand = 6;

/** The transform stage: a worker for each workspace. */
export const transformStage = (context: StageContext, config: RelayConfig): Stage =>
  createStage(
    "transform",
    config,
    openTransform(context, {
      retired: retiredRules(context.redis),
      shared: sharedRules(),
      hands: openHands(chunksInHand),
      openPages: openPagePool(2 * chunksInHand), // for the chunk, and for its calls
    }),
    context,
  );

/** What all workspaces of a process have in common. */
interface Common {
  retired: RetiredRules;
  shared: ReturnType<typeof sharedRules>;
  hands: Hands;
  openPages: () => Pages;
}

const openTransform =
  (context: StageContext, { retired, shared, hands, openPages }: Common) =>
  async (name: string, workspace: WorkspaceConfig): Promise<WorkspaceRunner> => {
    const tools = openWorkspaceTools(context, name);
    const { spool, queues, toQuarantine } = tools;
    const claims = claimsOf(context, name, workspace);
    const noteSchema = schemaWatch({ redis: context.redis, workspace: name, log: context.log });
    const portsOf = ({ connector, reread }: TransformJob): TransformPorts => ({
      readChunk: async (id, openPage) => {
        const bytes = await spool.read(id, undefined, openPage);
        const chunk = bytes && decodeChunk(bytes);
        if (chunk) void noteSchema(chunk.header); // never rejects, and the chunk does not wait for it
        return chunk;
      },
      openPages,
      claim: claims(connector, reread),
      toDeliver: handOverTo<DeliverJob>("deliver", notingSpool(context.redis, name, spool), queues),
      toQuarantine,
      mostCalls: reread ? mostCallsBehind(workspace.segment.eventsPerSecond) : batchLimits.maxCalls,
      countUnknownTypes: (count) => context.metrics.unknownTypes.inc({ workspace: name }, count),
    });
    const rulesOf = rulesInForce(retired, name, shared(connectorRules(name, workspace)));

    const worker = startStageWorker<TransformJob>({
      workspace: name,
      kind: "transform",
      redis: context.redis,
      log: context.log.child({ stage: "transform", workspace: name }),
      concurrency: chunksInHand,
      hands,
      retryWaitsFor: "job",
      handle: async (item) => {
        const rules = await rulesOf(item.data.connector);
        return transformChunk(portsOf(item.data), rules && rulesFor(rules, item.data.reread))(item);
      },
      setAside: setAsideOf(tools),
      settle: (id, tally) => tools.settle("transform", "transform", id, tally),
    });
    const sweeping = startSweeping(context, name, tools);
    return {
      isRunning: worker.isRunning,
      drain: async (force) => {
        await worker.drain(force);
        await sweeping.stop();
        await queues.close();
      },
    };
  };

/** A chunk that cannot be worked on, as a whole. */
const setAsideOf =
  ({ spool, toQuarantine }: WorkspaceTools): StageWorkerOptions<TransformJob>["setAside"] =>
  async ({ id, data }, reason, cause) => {
    const payload = await spool.salvage(id);
    const { connector, landedAtMs, records: events, uri, reread } = data;
    const job = { id, connector, landedAtMs, uri, events, payload, reread };
    return setWholeJobAside(toQuarantine, job, { reason, cause });
  };

/** One for each scope (claim-layout.ts). */
export const claimsOf = (
  { redis }: Pick<StageContext, "redis">,
  name: string,
  { dedup }: Pick<WorkspaceConfig, "dedup">,
) => {
  const byScope = new Map<string, Claims>();
  return (connector: string, reread?: Reread): Claims => {
    const scope = claimScope(name, dedup, { connector, run: reread?.apart && reread.run });
    const claims = byScope.get(scope) ?? redisClaims(redis, { scope, windowMs: dedup.windowMs });
    byScope.set(scope, claims);
    return claims;
  };
};
