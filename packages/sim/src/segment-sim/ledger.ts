import type { MessageIds } from "./message-ids.ts";

/** Why events that got a 200 were thrown away all the same. */
export const discardReasons = ["unknown-key", "other-region", "too-many", "no-user", "rule"] as const;
export type DiscardReason = (typeof discardReasons)[number];

interface KeyCounts {
  requests: number;
  accepted: number;
  discarded: number;
}

export interface SegmentStats {
  requests: {
    total: number;
    byRoute: Record<string, number>;
    /** By HTTP status, and "reset" and "hang" for those without one. */
    byStatus: Record<string, number>;
  };
  /** Events that Segment has: every acceptance, different ids, and acceptances of an id that it had already. */
  accepted: number;
  distinct: number;
  repeats: number;
  withoutId: number;
  /** Events that got a 200 and are gone. */
  discarded: number;
  discardedBy: Record<DiscardReason, number>;
  byWriteKey: Record<string, KeyCounts>;
}

/** One accepted request. */
export interface Arrival {
  /** UNIX ms of the acceptance. */
  atMs: number;
  events: number;
  writeKey: string;
}

/** One accepted call; `call` is its JSON on one line. */
export interface AcceptedCall {
  at: string;
  writeKey: string;
  call: string;
}

const emptyCounts = (): Omit<SegmentStats, "distinct" | "repeats" | "withoutId" | "byWriteKey"> => ({
  requests: { total: 0, byRoute: {}, byStatus: {} },
  accepted: 0,
  discarded: 0,
  discardedBy: { "unknown-key": 0, "other-region": 0, "too-many": 0, "no-user": 0, rule: 0 },
});

const maxArrivals = 100_000;
const maxCalls = 1_000;

/** Keeps the last `max` items, in order. Memory stays below twice that. */
const lastOf = <T>(max: number) => {
  let items: T[] = [];
  return {
    push(item: T): void {
      items.push(item);
      if (items.length >= 2 * max) items = items.slice(-max);
    },
    last: (limit: number): T[] => (limit <= 0 ? [] : items.slice(-Math.min(limit, max))),
  };
};

/** Looks ids up in its large table when somebody asks. */
const acceptedIds = () => {
  const times = new Map<string, number>();
  let withoutId = 0;
  let unsorted: MessageIds[] = [];
  const sort = (id: string | undefined): void => {
    if (id === undefined) withoutId++;
    else times.set(id, (times.get(id) ?? 0) + 1);
  };
  return {
    add: (ids: MessageIds): void => void unsorted.push(ids),
    /** How often each was accepted, in the order of their first acceptance; and how many events had none. */
    sorted(): { times: ReadonlyMap<string, number>; withoutId: number } {
      for (const ids of unsorted) for (const id of ids.texts()) sort(id);
      unsorted = [];
      return { times, withoutId };
    },
  };
};

/** Everything that the stand-in remembers. Only the ids grow without bound. */
export const openLedger = () => {
  const stats = emptyCounts();
  const byWriteKey = new Map<string, KeyCounts>();
  const ids = acceptedIds();
  const arrivals = lastOf<Arrival>(maxArrivals);
  const calls = lastOf<AcceptedCall>(maxCalls);
  const countsOf = (writeKey: string): KeyCounts => {
    const counts = byWriteKey.get(writeKey) ?? { requests: 0, accepted: 0, discarded: 0 };
    byWriteKey.set(writeKey, counts);
    return counts;
  };
  return {
    ids: () => ids.sorted().times,
    arrivals,
    /** How many events were accepted: `accepted` of the stats without what they cost. */
    accepted: () => stats.accepted,
    calls,
    request(route: string, writeKey?: string): void {
      stats.requests.total++;
      stats.requests.byRoute[route] = (stats.requests.byRoute[route] ?? 0) + 1;
      if (writeKey !== undefined) countsOf(writeKey).requests++;
    },
    answered(status: number | "reset" | "hang"): void {
      stats.requests.byStatus[status] = (stats.requests.byStatus[status] ?? 0) + 1;
    },
    discard(writeKey: string, events: number, reason: DiscardReason): void {
      stats.discarded += events;
      stats.discardedBy[reason] += events;
      countsOf(writeKey).discarded += events;
    },
    accept(writeKey: string, messageIds: MessageIds, atMs: number): void {
      const { count } = messageIds;
      ids.add(messageIds);
      stats.accepted += count;
      countsOf(writeKey).accepted += count;
      if (count > 0) arrivals.push({ atMs, events: count, writeKey });
    },
    stats(): SegmentStats {
      const { times, withoutId } = ids.sorted();
      const distinct = times.size;
      const repeats = stats.accepted - withoutId - distinct;
      return structuredClone({ ...stats, withoutId, distinct, repeats, byWriteKey: Object.fromEntries(byWriteKey) });
    },
  };
};
export type Ledger = ReturnType<typeof openLedger>;
