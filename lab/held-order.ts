import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { keyPrefix, queueName } from "@currents-relay/shared/core/keys.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import type { SegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import type { Redis } from "ioredis";
import type { Damage } from "./damage.ts";
import type { Lab } from "./scenario.ts";

export interface OrderTools {
  connection: Redis;
  segment: SegmentSim;
  workspaces: readonly string[];
  damage: Damage;
  say: (what: string) => void;
}

/** The message ids of all held calls, in the order in which they were held. */
const heldIds = async (connection: Redis, workspace: string): Promise<string[]> => {
  const queue = `${keyPrefix}:${queueName("deadletter", workspace)}`;
  // BullMQ takes from the right end; in one transaction, so that none is in both lists or in neither.
  const replies = await connection.multi().lrange(`${queue}:wait`, 0, -1).lrange(`${queue}:active`, 0, -1).exec();
  const jobs = (replies ?? []).flatMap(([, list]) => list as JobId[]).toReversed(); // BullMQ's lists have job ids
  const spool = redisSpool(connection, workspace);
  const ids: string[] = [];
  for (const job of jobs) {
    const calls = (await spool.read(job, "deadletter"))?.toString("utf8");
    if (calls === undefined) throw new Error(`the held batch ${job} has no payload`);
    // A ready batch: the JSON texts of its calls, joined by commas (ready-batch.ts).
    ids.push(...(JSON.parse(`[${calls}]`) as { messageId: string }[]).map(({ messageId }) => messageId));
  }
  return ids;
};

/** What is held now must arrive in the order in which it was held, all of it by the end of `during`. */
export const orderWatch =
  ({ connection, segment, workspaces, damage, say }: OrderTools): Lab["whileHeldComeInOrder"] =>
  async (during) => {
    const held = await heldIds(connection, workspaces[0] ?? "");
    say(`${held.length} events are held`);
    if (held.length === 0) damage.faults.push("nothing is held in the outage");
    await during();
    const wanted = new Set(held);
    const came = [...segment.ids().keys()].filter((id) => wanted.has(id)); // by their first acceptance
    const wrong = held.findIndex((id, index) => came[index] !== id);
    if (wrong !== -1)
      damage.faults.push(
        `held as number ${wrong}: ${held[wrong]}; came in its place: ${came[wrong] ?? "nothing"} (of ${held.length})`,
      );
  };
