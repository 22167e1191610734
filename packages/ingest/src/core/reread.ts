import { createHash } from "node:crypto";
import type { Selection } from "@currents-relay/shared/core/selection.ts";
import type { Listed } from "./listing.ts";
import { dayMs, hourMs, partitionOf } from "./partition.ts";

/** Which objects of a source are to be read again. Times are UNIX ms; `toMs` is not in it. */
export interface RereadQuery {
  fromMs: number;
  toMs: number;
  /** Of event types; left out: all. */
  events?: Selection | undefined;
}

/** When its hour began, by its key (of a day's folder: when the day ended); elsewhere when it landed. */
export const rereadTimeOf = ({ key, landedAtMs }: Listed): number => partitionOf(key)?.atMs ?? landedAtMs;

export type Asked = "yes" | "no" | "type-unknown";

/** From when to when its events may have been received: the hour in its key, or the day; elsewhere when it landed. */
const timesIn = ({ key, landedAtMs }: Listed): { fromMs: number; toMs: number } => {
  const partition = partitionOf(key);
  if (!partition) return { fromMs: landedAtMs, toMs: landedAtMs + 1 };
  const { atMs } = partition;
  const isDay = atMs % hourMs !== 0; // its last millisecond
  return isDay ? { fromMs: atMs + 1 - dayMs, toMs: atMs + 1 } : { fromMs: atMs, toMs: atMs + hourMs };
};

/**
 * Whether an object is asked for, which it is if any part of its hour is; "type-unknown": its key does not say of which
 * type its events are.
 */
export const isAsked = (object: Listed, query: RereadQuery): Asked => {
  const { fromMs, toMs } = timesIn(object);
  if (toMs <= query.fromMs || fromMs >= query.toMs) return "no";
  if (!query.events) return "yes";
  const eventType = /(?:^|\/)event_type=([^/]+)\//.exec(object.key)?.[1];
  if (eventType === undefined) return "type-unknown";
  return query.events(eventType) ? "yes" : "no";
};

/** The same words give the same name: the same command again is the same run. */
export const rereadRunOf = (words: readonly (string | number | boolean)[]): string =>
  createHash("sha256").update(JSON.stringify(words)).digest("hex").slice(0, 12);

/** Oldest first; of one time in the order of their keys. */
export const inRereadOrder = <Item extends Listed>(objects: readonly Item[]): Item[] =>
  objects.toSorted((a, b) => rereadTimeOf(a) - rereadTimeOf(b) || (a.key < b.key ? -1 : 1));
