import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { untilSharedTick } from "@currents-relay/shared/runtime/shared-tick.ts";
import type { DeadLetters, Expiry } from "../dead-letters.ts";
import type { OutageWatch } from "./redis-outage-watch.ts";

export interface DeadLetterClockOptions {
  deadLetters: Pick<DeadLetters, "oldestHeldMs">;
  outage: Pick<OutageWatch, "state" | "report">;
  expiry: Pick<Expiry, "afterMs">;
  log: Logger;
  /** UNIX ms. */
  now: () => number;
}

/**
 * Looks once: tells the outage how old its oldest dead letter is, and that a replay has come to its end. "quiet" when
 * all flows and nothing is held.
 */
export const lookOnce = async ({
  deadLetters,
  outage,
  expiry,
  now,
}: DeadLetterClockOptions): Promise<"quiet" | "busy"> => {
  const oldestHeldMs = await deadLetters.oldestHeldMs();
  if (outage.state().kind === "flowing" && oldestHeldMs === undefined) return "quiet";
  await outage.report({ kind: "tick", oldestHeldMs, expiryAfterMs: expiry.afterMs, atMs: now() });
  if (outage.state().kind === "replaying" && oldestHeldMs === undefined)
    await outage.report({ kind: "drained", atMs: now() });
  return "busy";
};

const everyMs = 1_000;
/** A batch that was held in the moment when an outage closed is found after this. */
const quietEveryMs = 5_000;

/** {@link lookOnce} again and again; every pod does so, and the outage's state takes each fact once. */
export const startDeadLetterClock = (options: DeadLetterClockOptions): { stop: () => Promise<void> } => {
  const stopped = new AbortController();
  const ended = (async () => {
    while (!stopped.signal.aborted) {
      const seen = await lookOnce(options).catch((error: unknown) =>
        options.log.warn({ err: error }, "dead-letters.unread"),
      );
      const pauseMs = untilSharedTick(seen === "quiet" ? quietEveryMs : everyMs);
      await delay(pauseMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  return {
    stop: () => {
      stopped.abort();
      return ended;
    },
  };
};
