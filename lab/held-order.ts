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

/** The message ids of every held batch, in the order in which the batches were held. */
const heldBatches = async (connection: Redis, workspace: string): Promise<string[][]> => {
  const queue = `${keyPrefix}:${queueName("deadletter", workspace)}`;
  // BullMQ takes from the right end; in one transaction, so that none is in both lists or in neither.
  const replies = await connection.multi().lrange(`${queue}:wait`, 0, -1).lrange(`${queue}:active`, 0, -1).exec();
  const jobs = (replies ?? []).flatMap(([, list]) => list as JobId[]).toReversed(); // BullMQ's lists have job ids
  const spool = redisSpool(connection, workspace);
  const batches: string[][] = [];
  for (const job of jobs) {
    const calls = (await spool.read(job, "deadletter"))?.toString("utf8");
    if (calls === undefined) throw new Error(`the held batch ${job} has no payload`);
    // A ready batch: the JSON texts of its calls, joined by commas (ready-batch.ts).
    batches.push((JSON.parse(`[${calls}]`) as { messageId: string }[]).map(({ messageId }) => messageId));
  }
  return batches;
};

/** How many must be taken out for the rest to rise: 0 when all are in order. */
export const outOfPlace = (places: readonly number[]): number => {
  const ends: number[] = []; // the least end of a rising row of each length
  for (const place of places) {
    const longer = ends.findIndex((end) => end >= place);
    ends[longer === -1 ? ends.length : longer] = place;
  }
  return places.length - ends.length;
};

export const orderWatch =
  ({ connection, segment, workspaces, damage, say }: OrderTools): Lab["whileHeldComeInOrder"] =>
  async (during) => {
    const held = await heldBatches(connection, workspaces[0] ?? "");
    await during();
    const places = new Map([...segment.ids().keys()].map((id, place) => [id, place])); // by their first acceptance
    const batchPlaces = held.map(([first = ""]) => places.get(first) ?? Infinity);
    const wrong = outOfPlace(batchPlaces);
    const torn = held.filter((ids) => outOfPlace(ids.map((id) => places.get(id) ?? Infinity)) > 0).length;
    say(`${held.length} batches were held; ${wrong} of them came out of place, ${torn} not in their own order`);
    if (held.length === 0) damage.faults.push("nothing was held in the outage");
    if (wrong > 0 || torn > 0)
      damage.faults.push(`of ${held.length} held batches ${wrong} came out of place, ${torn} not in their own order`);
  };
