import type { AvroValue } from "@currents-relay/shared/contracts/event.ts";

/** Years 0000 to 9999: what ISO 8601 writes with four digits, and what Segment reads. */
const earliestMs = Date.parse("0000-01-01T00:00:00.000Z");
const latestMs = Date.parse("9999-12-31T23:59:59.999Z");

const secondsOf = (time: AvroValue | undefined): number => {
  if (typeof time === "number") return time;
  if (typeof time === "bigint") return Number(time);
  // The Custom HTTP connector sends numbers; a sender in between may have quoted them.
  return typeof time === "string" && /^-?\d+(\.\d+)?$/.test(time) ? Number(time) : NaN;
};

/** Whether UNIX ms are a date between the years 0 and 9999. */
export const isDate = (ms: number): boolean => ms >= earliestMs && ms <= latestMs;

/** UNIX seconds (whole or not) to ISO 8601 in UTC with milliseconds; undefined: not a date between the years 0 and 9999. */
export const timestampOf = (time: AvroValue | undefined): string | undefined => {
  const ms = Math.round(secondsOf(time) * 1000);
  return isDate(ms) ? new Date(ms).toISOString() : undefined;
};
