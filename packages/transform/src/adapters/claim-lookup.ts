import type { Redis } from "ioredis";
import { callsKey, claimIds, claimKeys, claimLayout } from "./claim-layout.ts";

/** Who has an event id, and since when. */
export interface FoundClaim {
  /** As {@link claimOwner} makes it of the owner's job id. */
  owner: Buffer;
  /** UNIX ms. May lie longer ago than the window: then the id is free again. */
  atMs: number;
}

const { idBytes, callBytes, ownerBytes, timeBytes } = claimLayout;
const claimBytes = idBytes + callBytes;

/** The latest claim of an event id that is still there; changes nothing. `scope` as in redis-claims.ts. */
export const lookUpClaim = async (redis: Redis, scope: string, eventId: string): Promise<FoundClaim | undefined> => {
  const [tablesKey, prefix] = claimKeys(scope);
  const tables = Object.entries(await redis.hgetall(tablesKey));
  const all = claimIds([eventId]);
  const id = all.subarray(0, idBytes);
  const found = await Promise.all(
    tables.map(async ([number, state]) => {
      const table = prefix + number;
      const name = all.subarray(idBytes, idBytes + Number.parseInt(state, 10)); // begins with their length
      const numbers = callsIn(await redis.hgetBuffer(table, name), id);
      const calls = await Promise.all(numbers.map((call) => redis.hgetBuffer(callsKey(table), String(call))));
      return calls.flatMap((call) => (call ? [claimOf(call)] : [])); // of others the window was over
    }),
  );
  return found.flat().toSorted((a, b) => b.atMs - a.atMs)[0];
};

const callsIn = (bucket: Buffer | null, id: Buffer): number[] => {
  const found: number[] = [];
  for (let at = 0; bucket && at < bucket.length; at += claimBytes) {
    const call = at + idBytes;
    if (id.compare(bucket, at, call) === 0) found.push(bucket.readUIntBE(call, callBytes));
  }
  return found;
};

const claimOf = (call: Buffer): FoundClaim => ({
  owner: call.subarray(0, ownerBytes),
  atMs: call.readUIntBE(ownerBytes, timeBytes),
});
