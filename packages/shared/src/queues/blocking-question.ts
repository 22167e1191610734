import type { Redis } from "ioredis";
import { luaScript } from "../runtime/lua-script.ts";

const takeScript = luaScript(new URL("./take-markers.lua", import.meta.url));

/** `[key, member, score]` */
export type Answer = [string, string, string];

/** The question which of many sorted sets have something in them, on a connection of its own; one at a time. */
export interface BlockingQuestion {
  /**
   * Waits until a set has something, and takes the smallest member of that and of a few others that have something then;
   * empty: none had for some seconds, or the question was interrupted. `keys` is asked for when the connection is ready.
   * Rejects when that was cut.
   */
  ask: (keys: () => readonly string[]) => Promise<Answer[]>;
  /** Those of the question under way. */
  askedKeys: () => ReadonlySet<string> | undefined;
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

/** Not all of them: the workers of other processes may be idle too. */
const mostOthers = 8;

/** What Redis refuses here is found by the next question, and what a cut connection takes with it by the next look. */
const takeOthers = async (client: Redis, keys: readonly string[]): Promise<Answer[]> => {
  const taken = (await takeScript(client, keys, [mostOthers]).catch(() => [])) as string[]; // its own answer
  return Array.from({ length: taken.length / 3 }, (_, index) => taken.slice(index * 3, index * 3 + 3) as Answer);
};

/** Opens a connection with the settings of `redis` at the first question. */
export const blockingQuestion = (redis: Redis, timing: Partial<QuestionTiming> = {}): BlockingQuestion => {
  const { askMs, shortAskMs, graceMs } = { ...usualTiming, ...timing };
  let connection: Redis | undefined;
  /** By which Redis knows the connection, until it is cut. */
  let clientId: number | undefined;
  let mayInterrupt = true;
  let asked: ReadonlySet<string> | undefined;
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
        if (keys.length === 0) return [];
        asked = new Set(keys);
        const first = await client.bzpopmin(...keys, (mayInterrupt ? askMs : shortAskMs) / 1_000);
        answeredMs = performance.now();
        if (!first) return [];
        const others = keys.filter((key) => key !== first[0]);
        return others.length === 0 ? [first] : [first, ...(await takeOthers(client, others))];
      } finally {
        clearTimeout(late);
        asked = undefined;
      }
    },
    askedKeys: () => asked,
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
