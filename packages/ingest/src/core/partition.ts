/** Where a key stands in Braze's order: event types side by side, each in hours. */
export interface Partition {
  /** The key up to its hour, `.../event_type=<type>/`: what is listed, and what has a mark of its own. */
  scope: string;
  /** The hour's begin (UNIX ms). A partition of a whole day counts as its last millisecond, where its name sorts. */
  atMs: number;
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** True for the prefix of one event type. */
export const isScope = (prefix: string): boolean => /(?:^|\/)event_type=[^/]+\/$/.test(prefix);
/** True for the folder of one Currents integration, which holds a folder for each event type. */
export const isIntegration = (prefix: string): boolean => /(?:^|\/)dataexport\.[^/]*integration\.[^/]+\/$/.test(prefix);

/** The folder that a scope lies in; "" at the top of the bucket. */
export const parentOf = (scope: string): string => scope.slice(0, scope.lastIndexOf("/", scope.length - 2) + 1);

/**
 * Reads the event type and the hour of a key. Both of Braze's layouts have them at the same place and differ only
 * behind; undefined for every other key. Source: Braze, "Event delivery semantics".
 */
export const partitionOf = (key: string): Partition | undefined => {
  const [, scope, day, hour] = /^((?:.*\/)?event_type=[^/]+\/)date=(\d{4}-\d{2}-\d{2})(?:-(\d{2}))?\//.exec(key) ?? [];
  if (scope === undefined || day === undefined) return undefined;
  const startMs = Date.parse(`${day}T${hour ?? "00"}:00:00Z`);
  // "2025-02-30" is no date: its name sorts where no time stands.
  if (Number.isNaN(startMs) || hourName(startMs) !== `${day}-${hour ?? "00"}`) return undefined;
  return { scope, atMs: hour === undefined ? startMs + dayMs - 1 : startMs };
};

/** What all hours of a scope begin with. */
export const datesOf = (scope: string): string => `${scope}date=`;
/** Sorts before every key of that hour and of later ones, and behind every earlier one. */
export const beforeHour = (scope: string, ms: number): string => `${datesOf(scope)}${hourName(ms)}`;
/** Sorts behind every hour of the scope. */
export const behindDates = (scope: string): string => `${datesOf(scope)}~`;

export const hourStart = (ms: number): number => ms - (ms % hourMs);
const hourName = (ms: number): string => new Date(ms).toISOString().slice(0, 13).replace("T", "-");
