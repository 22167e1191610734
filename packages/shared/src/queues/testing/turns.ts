import type { Redis } from "ioredis";

/** Thrown into an actor where its process would have been killed. */
export class KilledHere extends Error {
  override readonly name = "KilledHere";
}

/** Somebody who acts step by step: each of its steps happens when it is told to, so that others can come in between. */
export interface Actor {
  /** Lets it do what it stands before, and go on until it stands before the next step. False when it has ended. */
  step(): Promise<boolean>;
  /** Ends it where it stands. */
  kill(): Promise<void>;
  /** Lets it go on to its end. */
  finish(): Promise<void>;
}

type Gate = () => Promise<void>;

/** @param act does all that it does to others behind the gate. */
export const actor = (act: (gate: Gate) => Promise<void>): Actor => {
  let arrived = Promise.withResolvers<void>();
  let order = Promise.withResolvers<"go" | "die">();
  let isEnded = false;
  const gate: Gate = async () => {
    arrived.resolve();
    const what = await order.promise;
    order = Promise.withResolvers();
    if (what === "die") throw new KilledHere();
  };
  const ended = act(gate)
    .catch((error: unknown) => {
      if (!(error instanceof KilledHere)) throw error;
    })
    .finally(() => (isEnded = true));
  const tell = async (what: "go" | "die"): Promise<boolean> => {
    await Promise.race([arrived.promise, ended]);
    if (isEnded) return false;
    arrived = Promise.withResolvers();
    order.resolve(what);
    await Promise.race([arrived.promise, ended]);
    return !isEnded;
  };
  return {
    step: () => tell("go"),
    kill: async () => {
      await tell("die");
      await ended;
    },
    finish: async () => {
      while (await tell("go"));
      await ended;
    },
  };
};

/** The same connection, whose commands (those that the spool and the sweeper send by themselves) wait at the gate. */
export const gatedRedis = (redis: Redis, gate: Gate): Redis =>
  new Proxy(redis, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]) => {
        await gate();
        return (await Reflect.apply(member, target, args)) as unknown;
      };
    },
  });
