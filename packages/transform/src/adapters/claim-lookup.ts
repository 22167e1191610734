import type { Redis } from "ioredis";
import { claimIds, claimKeys, claimLayout } from "./claim-layout.ts";

/** Who has an event id, and since when. */
export interface FoundClaim {
  /** As {@link claimOwner} makes it of the owner's job id. */
  owner: Buffer;
  /** UNIX ms. May lie longer ago than the window: then the id is free again. */
  atMs: number;
}

const { idBytes, ownerBytes, timeBytes } = claimLayout;
const claimBytes = idBytes + ownerBytes + timeBytes;

/** The latest claim of an event id that is still there; changes nothing. `scope` as in redis-claims.ts. */
export const lookUpClaim = async (redis: Redis, scope: string, eventId: string): Promise<FoundClaim | undefined> => {
  const [tablesKey, prefix] = claimKeys(scope);
  const stored = await redis.hgetall(tablesKey);
  const tables = Object.entries(stored).map(([number, state]) => ({ number, digits: Number.parseInt(state, 10) }));
  const all = claimIds([eventId]);
  const [id, digits] = [all.subarray(0, idBytes), all.toString("latin1", idBytes)];
  const found = await Promise.all(
    tables.map(async (table) =>
      claimsIn(await redis.hgetBuffer(prefix + table.number, digits.slice(0, table.digits)), id),
    ),
  );
  return found.flat().toSorted((a, b) => b.atMs - a.atMs)[0];
};

const claimsIn = (bucket: Buffer | null, id: Buffer): FoundClaim[] => {
  const found: FoundClaim[] = [];
  for (let at = 0; bucket && at < bucket.length; at += claimBytes) {
    const owner = at + idBytes;
    if (id.compare(bucket, at, owner) === 0)
      found.push({
        owner: bucket.subarray(owner, owner + ownerBytes),
        atMs: bucket.readUIntBE(owner + ownerBytes, timeBytes),
      });
  }
  return found;
};
