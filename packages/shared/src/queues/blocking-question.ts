import type { Redis } from "ioredis";

/** The question which of many sorted sets has something in it, on a connection of its own; one at a time. */
export interface BlockingQuestion {
  /**
   * Takes the smallest member of the first set that has one: `[key, member, score]`; null: none had for some seconds,
   * or the question was interrupted. `keys` is called when the connection is ready. Rejects when that was cut.
   */
  ask: (keys: () => readonly string[]) => Promise<[string, string, string] | null>;
  /** Ends the question under way, if it has arrived in Redis; false: we may not, so that questions are short from now on. */
  interrupt: () => Promise<boolean>;
  /** How long ago Redis last answered. */
  unansweredMs: () => number;
  /** Closes the connection until the next question. */
  close: () => void;
}

export interface QuestionTiming {
  /** How long one question blocks. */
  askMs: number;
  /** The same where Redis does not let us interrupt it (an ACL without CLIENT ID or CLIENT UNBLOCK). */
  shortAskMs: number;
  /** What Redis may be late by. Then the connection is half-open, and made anew. */
  graceMs: number;
}

const usualTiming: QuestionTiming = { askMs: 10_000, shortAskMs: 100, graceMs: 3_000 };

/** To a connection that was cut the question is asked again; where an ACL forbids it, it need not be. */
const unlessForbidden = (error: unknown): undefined => {
  if (!(error instanceof Error && error.message.startsWith("NOPERM"))) throw error;
};

/** Opens a connection with the settings of `redis` at the first question. */
export const blockingQuestion = (redis: Redis, timing: Partial<QuestionTiming> = {}): BlockingQuestion => {
  const { askMs, shortAskMs, graceMs } = { ...usualTiming, ...timing };
  let connection: Redis | undefined;
  /** By which Redis knows the connection, until it is cut. */
  let clientId: number | undefined;
  let mayInterrupt = true;
  let answeredMs = performance.now();

  const open = (): Redis => {
    // A question that is cut off is rejected at once, and not sent again by ioredis: other keys wait by then.
    const opened = redis.duplicate({ maxRetriesPerRequest: 0, connectionName: "relay:doorbell" });
    // Told by `redis`, which goes to the same server.
    opened.on("error", () => undefined);
    opened.on("close", () => {
      clientId = undefined;
      mayInterrupt = true;
    });
    return opened;
  };

  return {
    ask: async (keysNow) => {
      const client = (connection ??= open());
      const late = setTimeout(() => client.disconnect(true), askMs + graceMs);
      try {
        clientId ??= await client.client("ID").catch(unlessForbidden);
        mayInterrupt &&= clientId !== undefined;
        const keys = keysNow();
        if (keys.length === 0) return null;
        const answer = await client.bzpopmin(...keys, (mayInterrupt ? askMs : shortAskMs) / 1_000);
        answeredMs = performance.now();
        return answer;
      } finally {
        clearTimeout(late);
      }
    },
    interrupt: async () => {
      if (clientId !== undefined && mayInterrupt)
        await redis.client("UNBLOCK", clientId).catch(() => (mayInterrupt = false));
      return mayInterrupt;
    },
    unansweredMs: () => performance.now() - answeredMs,
    close: () => {
      connection?.disconnect();
      connection = undefined;
    },
  };
};
