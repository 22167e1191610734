import { setTimeout as delay } from "node:timers/promises";
import { readWorkspaceStatus, type WorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import { seededRandom } from "@currents-relay/sim/currents-maker/random.ts";
import type { SegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { type RedisTools, redisBreaker } from "./break-redis.ts";
import { stageBreaker } from "./break-stages.ts";
import { openWindow } from "./damage.ts";
import type { Landed } from "./feeder.ts";
import { orderWatch } from "./held-order.ts";
import type { Lab } from "./scenario.ts";
import type { StageSupervisor } from "./stage-supervisor.ts";
import { virtualTime } from "./virtual-time.ts";
import { outageWatch } from "./watch-outage.ts";

export interface OpenLabOptions extends RedisTools {
  events: number;
  seed: number;
  segment: SegmentSim;
  /** The relay's configuration file. */
  config: string;
  stages: StageSupervisor;
  workspaces: readonly string[];
  setWriteKey: Lab["setWriteKey"];
  landed: Landed;
  /** Whether all files have landed. */
  isFed: () => boolean;
  signal: AbortSignal;
}

/** Breaking things ends when only this share is left on its way. */
const restShare = 0.1;
/** Of the usual files: what is left after duplicates, users without an external id and types that Segment never gets. */
const arrivingShare = 0.9;
const lookEveryMs = 20;

const sumOf = (statuses: readonly WorkspaceStatus[], count: (status: WorkspaceStatus) => number): number =>
  statuses.reduce((sum, status) => sum + count(status), 0);

/** The lab as a scenario sees it. */
export const openLab = (options: OpenLabOptions): Lab => {
  const { damage, segment, workspaces, landed, isFed, say, signal } = options;
  const random = seededRandom(options.seed);
  const pause = (fromMs: number, toMs = fromMs) =>
    delay(fromMs + random.below(toMs - fromMs + 1), undefined, { signal });
  const statuses = () => Promise.all(workspaces.map((name) => readWorkspaceStatus(options.connection, name)));
  const hasAccepted = (share: number) => isFed() && segment.ids().size >= share * landed.expected.size;
  return {
    ...redisBreaker(options),
    ...stageBreaker({ ...options, random, pause }),
    ...outageWatch({ ...options, pause }),
    ...virtualTime(options),
    whileHeldComeInOrder: orderWatch(options),
    heldEvents: async () => sumOf(await statuses(), ({ waiting }) => waiting.held),
    untilLanded: async () => {
      const isMoving = ({ filesWaiting, waiting }: WorkspaceStatus) =>
        filesWaiting + waiting.transform + waiting.deliver;
      while (!isFed() || sumOf(await statuses(), isMoving) > 0) await pause(lookEveryMs);
    },
    events: options.events,
    pause,
    whileBusy: async (step) => {
      while (!hasAccepted(1 - restShare)) await step();
    },
    untilAccepted: async (share) => {
      const enough = share * options.events * workspaces.length * arrivingShare;
      while (segment.ids().size < enough && !hasAccepted(share)) await pause(lookEveryMs);
    },
    standIn: (control) => {
      segment.control(control);
      say(`the stand-in: ${JSON.stringify(control)}`);
    },
    whileAnswersGetLost: async (during) => {
      const lost = openWindow(damage, "answer-lost");
      await during();
      lost.untilMs = Date.now();
    },
    setWriteKey: options.setWriteKey,
    acceptedBy: (writeKey) => segment.stats().byWriteKey[writeKey]?.accepted ?? 0,
    phase: (name, expected) => {
      damage.phases.push({ name, fromMs: Date.now(), ...(expected && { expected }) });
      say(`from now on: ${name}`);
    },
    fault: (what) => void damage.faults.push(what),
  };
};
