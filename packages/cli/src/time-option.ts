import { CommandError, exitCodes } from "./exit-codes.ts";

/**
 * 2026-11-23, 2026-11-23T10:00, 2026-11-23T10:00:00.000+01:00, as UNIX ms; without a zone it is UTC, wherever the command
 * runs. Throws for everything else; `option` is named in the message.
 */
export const timeOf = (option: string, text: string): number => {
  const isTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text);
  const hasZone = !text.includes("T") || /(Z|[+-]\d{2}:\d{2})$/.test(text);
  const timeMs = isTime && isDay(text.slice(0, 10)) ? Date.parse(hasZone ? text : `${text}Z`) : Number.NaN;
  if (Number.isNaN(timeMs))
    throw new CommandError(exitCodes.usage, `${option}: "${text}" is no time such as 2026-11-23 or 2026-11-23T10:00Z`);
  return timeMs;
};

/** Date.parse takes February 30 for March 2. */
const isDay = (day: string): boolean => {
  const midnight = new Date(`${day}T00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
};
