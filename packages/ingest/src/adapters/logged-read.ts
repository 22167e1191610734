import { ObjectChanged } from "../core/object-changed.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { Source } from "../ports.ts";

/** A bucket may hold thousands of objects that cannot be read. */
const sayEveryMs = 10_000;

type Say = (fields: object, message: string) => void;

/**
 * Says why an object cannot be read, and that it is tried again; or that it is not there (any more) as it was listed. Each
 * at most every 10 s; passes the fault on.
 */
export const loggedRead = (
  read: Source["read"],
  {
    log,
    connector,
    now = () => performance.now(),
  }: { log: Record<"info" | "warn", Say>; connector: string; now?: () => number },
): Source["read"] => {
  const said = new Map<string, { untilMs: number; times: number }>();
  return async function* (object, fromByte, signal) {
    try {
      yield* read(object, fromByte, signal);
    } catch (error) {
      const saying = signal.aborted ? undefined : sayingOf(error);
      if (!saying) throw error;
      const { untilMs, times } = said.get(saying.message) ?? { untilMs: -Infinity, times: 0 };
      const isSaid = now() >= untilMs;
      said.set(saying.message, isSaid ? { untilMs: now() + sayEveryMs, times: 0 } : { untilMs, times: times + 1 });
      if (isSaid) log[saying.level]({ err: error, connector, uri: object.uri, times: times + 1 }, saying.message);
      throw error;
    }
  };
};

const sayingOf = (error: unknown): { level: "info" | "warn"; message: string } | undefined => {
  if (error instanceof SourceUnavailable) return { level: "warn", message: "object.unreadable: it is tried again" };
  if (!(error instanceof ObjectChanged)) return undefined;
  return error.isGone
    ? { level: "warn", message: "object.gone: it is read only if it comes back" }
    : { level: "info", message: "object.replaced: what it is now is another version" };
};
