import { redisOutages } from "@currents-relay/deliver/adapters/redis-outage.ts";
import type { SegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import type { Redis } from "ioredis";
import type { Damage } from "./damage.ts";
import { checkEveryMs, firstKey } from "./lab-config.ts";
import type { Lab } from "./scenario.ts";

export interface OutageTools {
  connection: Redis;
  segment: SegmentSim;
  workspaces: readonly string[];
  damage: Damage;
  pause: Lab["pause"];
  say: (what: string) => void;
}

/** Requests that were on their way when holding began; other processes hear of it up to a second later. */
const underWayMs = 1_500;
/** From a key's death to holding: the next check, its answer, and one look at a machine that is busy for long. */
const noticedWithinMs = checkEveryMs + 10_000;
const lookEveryMs = 20;
const lookCalmlyEveryMs = 100;

type OutageWatching = Pick<Lab, "untilOutage" | "whileQuiet" | "whileFlowing" | "killKey" | "batchRequests">;

export const outageWatch = (tools: OutageTools): OutageWatching => {
  const untilOutage = untilOutageOf(tools);
  return {
    untilOutage,
    batchRequests: () => batchRequestsOf(tools.segment),
    whileQuiet: quietOf(tools),
    whileFlowing: flowingOf(tools),
    killKey: keyKilling(tools, untilOutage),
  };
};

const batchRequestsOf = (segment: SegmentSim): number => segment.stats().requests.byRoute["batch"] ?? 0;

const untilOutageOf =
  ({ connection, workspaces, pause, say }: OutageTools): Lab["untilOutage"] =>
  async (kind, workspace = workspaces[0] ?? "") => {
    for (;;) {
      const state = await redisOutages(connection, workspace).read();
      if (state.kind === kind) {
        say(`${workspace} is ${kind}`);
        return state;
      }
      await pause(lookEveryMs);
    }
  };

const quietOf =
  ({ segment, damage, pause, say }: OutageTools): Lab["whileQuiet"] =>
  async (during, { trials = false } = {}) => {
    await pause(underWayMs);
    const [before, fromMs] = [batchRequestsOf(segment), performance.now()];
    await during();
    const sent = batchRequestsOf(segment) - before;
    const allowed = trials ? Math.ceil((performance.now() - fromMs) / checkEveryMs) + 1 : 0;
    say(`${sent} batch requests while holding; at most ${allowed} are right`);
    if (sent > allowed) damage.faults.push(`${sent} batch requests while holding, not ${allowed} or fewer`);
  };

const flowingOf =
  ({ connection, workspaces, damage, pause }: OutageTools): Lab["whileFlowing"] =>
  async (during) => {
    const ended = during().then(() => true);
    const looking = () => pause(lookCalmlyEveryMs).then(() => false);
    while (!(await Promise.race([ended, looking()])))
      for (const workspace of workspaces) {
        const { kind } = await redisOutages(connection, workspace).read();
        if (kind !== "flowing") damage.faults.push(`${workspace} is ${kind} though nothing is wrong with its key`);
      }
  };

const keyKilling =
  ({ segment, workspaces, damage, pause, say }: OutageTools, untilOutage: Lab["untilOutage"]): Lab["killKey"] =>
  async (workspace) => {
    const diedMs = Date.now();
    segment.control({ keys: workspaces.filter((name) => name !== workspace).map(firstKey) });
    say(`the key of ${workspace} is unknown now: 200, and thrown away`);
    const { suspect } = await untilOutage("holding", workspace);
    const noticedMs = Date.now() - diedMs;
    await pause(underWayMs);
    const thrownAway = segment.stats().discardedBy["unknown-key"];
    say(`noticed after ${noticedMs} ms; ${thrownAway} events were thrown away behind a 200`);
    if (noticedMs > noticedWithinMs)
      damage.faults.push(`an unknown key was noticed after ${noticedMs} ms, not within ${noticedWithinMs} ms`);
    const isTold = suspect && suspect.fromMs <= diedMs && suspect.toMs >= diedMs;
    if (!isTold)
      damage.faults.push(`the suspect window ${JSON.stringify(suspect)} is not that of a death at ${diedMs}`);
    else if (suspect.toMs - suspect.fromMs > noticedWithinMs)
      damage.faults.push(`the suspect window has ${suspect.toMs - suspect.fromMs} ms, not ${noticedWithinMs} or fewer`);
  };
