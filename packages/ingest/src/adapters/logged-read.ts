import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { Source } from "../ports.ts";

/** A bucket may hold thousands of objects that cannot be read. */
const sayEveryMs = 10_000;

/** Says why an object cannot be read, and that it is tried again, at most every 10 s; passes the fault on. */
export const loggedRead = (
  read: Source["read"],
  {
    log,
    connector,
    now = () => performance.now(),
  }: { log: { warn: (fields: object, message: string) => void }; connector: string; now?: () => number },
): Source["read"] => {
  let silentUntilMs = -Infinity;
  let times = 0;
  return async function* (object, fromByte, signal) {
    try {
      yield* read(object, fromByte, signal);
    } catch (error) {
      if (!(error instanceof SourceUnavailable) || signal.aborted) throw error;
      times += 1;
      if (now() >= silentUntilMs) {
        silentUntilMs = now() + sayEveryMs;
        log.warn({ err: error, connector, uri: object.uri, times }, "object.unreadable: it is tried again");
        times = 0;
      }
      throw error;
    }
  };
};
