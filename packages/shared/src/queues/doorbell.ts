import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { blockingQuestion, type QuestionTiming } from "./blocking-question.ts";

/** BullMQ's word that a queue may have work: score 0, or (UNIX ms) when its next delayed job is due. */
export interface Marker {
  member: string;
  score: number;
}

/** Somebody who waits at a {@link Doorbell}. */
export interface Waiting {
  /** undefined: the time is over, or somebody else found that there may be work. */
  marker: Promise<Marker | undefined>;
  /** Ends the waiting: `marker` rejects with the reason. */
  leave: (reason: Error) => void;
}

/** Where many queues of a process that have no work wait for some, on one connection. */
export interface Doorbell {
  /** @param markerKey BullMQ's sorted set of a queue's markers; taken from there when it rings. */
  wait: (markerKey: string, timeoutMs: number) => Waiting;
  /** Ends the waiting of one who waits for this queue, if there is one. */
  ring: (markerKey: string) => void;
  /** How long ago Redis last answered; it is asked every few seconds while anybody waits. */
  unansweredMs: () => number;
  /** For when nobody waits any more: closes the connection. Who waits later opens another. */
  close: () => void;
}

/** Those who come late within this time are added to the question together; a job wakes none of them before. */
const gatherMs = 10;
const firstPauseMs = 100;
const longestPauseMs = 2_000;

/** A connection is opened when somebody waits. */
export const openDoorbell = (redis: Redis, timing: Partial<QuestionTiming> = {}): Doorbell => {
  const question = blockingQuestion(redis, timing);
  const waiters = waitersByKey();
  let isListening = false;
  let isAdding = false;

  const askOnce = async (): Promise<void> => {
    const answer = await question.ask(waiters.keysToAsk).finally(waiters.answered);
    if (!answer) return;
    const [key, member, score] = answer;
    const waiter = waiters.first(key);
    if (waiter) waiter.end({ member, score: Number(score) });
    // Whoever it was for has left: it is for a worker of another process then.
    else await redis.zadd(key, score, member);
  };

  const listen = async (): Promise<void> => {
    if (isListening) return;
    isListening = true;
    let failures = 0;
    while (!waiters.isEmpty()) {
      try {
        await askOnce();
        failures = 0;
      } catch {
        // Redis is away, or refuses: those who wait have a time of their own.
        await delay(Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, failures++)));
      }
    }
    isListening = false;
  };

  /** The question under way ends, so that the next one has all keys in it. */
  const addLate = async (): Promise<void> => {
    if (isAdding) return;
    isAdding = true;
    await delay(gatherMs);
    // Again, where the question had not arrived yet.
    while (waiters.isAnyLate() && (await question.interrupt())) await delay(gatherMs);
    isAdding = false;
  };

  return {
    wait: (markerKey, timeoutMs) => {
      const waiting = waiters.add(markerKey, timeoutMs);
      if (waiters.isAnyLate()) void addLate();
      void listen();
      return waiting;
    },
    ring: (markerKey) => waiters.first(markerKey)?.end(),
    unansweredMs: question.unansweredMs,
    close: question.close,
  };
};

interface Waiter {
  end: (marker?: Marker) => void;
}

/** Who waits, by key; the one that came last is last, so that a busy queue is not asked for before the others. */
const waitersByKey = () => {
  const byKey = new Map<string, Waiter[]>();
  /** In the question under way. */
  let asked: readonly string[] | undefined;
  /** Some have come since who are not in it. */
  let isAnyLate = false;

  const remove = (key: string, waiter: Waiter): void => {
    const others = (byKey.get(key) ?? []).filter((other) => other !== waiter);
    if (others.length > 0) byKey.set(key, others);
    else byKey.delete(key);
  };

  const add = (key: string, timeoutMs: number): Waiting => {
    if (asked?.includes(key) === false) isAnyLate = true;
    const { promise, resolve, reject } = Promise.withResolvers<Marker | undefined>();
    const leaving = () => {
      clearTimeout(timer);
      remove(key, waiter);
    };
    const waiter: Waiter = {
      end: (marker) => {
        leaving();
        resolve(marker);
      },
    };
    const timer = setTimeout(() => waiter.end(), timeoutMs);
    byKey.set(key, [...(byKey.get(key) ?? []), waiter]);
    return {
      marker: promise,
      leave: (reason) => {
        leaving();
        reject(reason);
      },
    };
  };

  return {
    add,
    first: (key: string) => byKey.get(key)?.[0],
    isEmpty: () => byKey.size === 0,
    /** For a question, which is under way from now on, until it is answered. */
    keysToAsk: (): readonly string[] => {
      isAnyLate = false;
      asked = [...byKey.keys()];
      return asked;
    },
    answered: () => {
      isAnyLate = false;
      asked = undefined;
    },
    isAnyLate: () => isAnyLate,
  };
};
