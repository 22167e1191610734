import { countText } from "@currents-relay/shared/core/count-text.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import type { AcceptedBatches } from "@currents-relay/shared/spool/accepted.ts";
import { openOutage, type OutageState } from "../core/outage-state.ts";
import type { CredentialTurnOptions, CredentialWord } from "./credential-watch-turn.ts";

export interface SuspectingOptions {
  accepted: Pick<AcceptedBatches, "confirm" | "suspect" | "expire">;
  log: Logger;
  /** Suspects that nobody has sent again are given up after this (ms). */
  expiryAfterMs: number;
}

export interface Suspecting {
  onWord: CredentialTurnOptions["onWord"];
  /** Resolves when what the words so far brought about is done. */
  settled: () => Promise<void>;
}

/** Clocks and requests vary by less: what was accepted so shortly before a good word waits for the next one. */
const marginMs = 2_000;

/** Whether what was accepted is suspect by this word, or safe. */
const isSuspect = ({ result, isFirst }: CredentialWord, state: OutageState): boolean => {
  if (result === "unknown") return true;
  // What is replayed after one good word is safe by the next one.
  if (!isFirst) return false;
  // A request that was under way when the key was found to be bad: its answer came after that, and proves as little.
  const outage = openOutage(state);
  return outage !== undefined && state.suspect !== undefined && state.suspect.toMs >= outage.openedMs;
};

/**
 * What a word on the key means for what Segment accepted since the last one: its 200 proves nothing, as it answers so to
 * unknown keys too. A good word makes it safe, a bad one suspect. A kill before the word is acted on: the next word does.
 */
export const suspecting = ({ accepted, log, expiryAfterMs }: SuspectingOptions): Suspecting => {
  let last: Promise<void> = Promise.resolve();

  const act = async (word: CredentialWord, state: OutageState): Promise<void> => {
    await accepted.expire(expiryAfterMs);
    if (!isSuspect(word, state)) return accepted.confirm(word.agoMs + marginMs);
    const { events, unkept } = await accepted.suspect();
    if (events + unkept === 0) return;
    const [from, to] = [state.suspect?.fromMs, state.suspect?.toMs].map((ms = 0) => new Date(ms).toISOString());
    const total = countText(events + unkept);
    log.error(
      { from, to, events: events + unkept, kept: events },
      `outage.suspect: Segment answered 200 to ${total} events from ${from} to ${to} and may have thrown them away; ` +
        `${countText(events)} of them are kept: relay resend --suspect`,
    );
  };

  return {
    onWord: (word, state) => {
      last = last
        .then(() => act(word, state))
        .catch((error: unknown) => log.warn({ err: error }, "outage.suspects-not-settled")); // Redis: the next word will
    },
    settled: () => last,
  };
};
