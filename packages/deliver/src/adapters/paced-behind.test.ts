import { expect, test } from "vitest";
import type { Grant, Lane } from "../rate.ts";
import { pacedBehind } from "./paced.ts";

const never = new AbortController().signal;

const aPace = (grants: Grant[], fresh: { inHand?: number; waiting?: boolean } = {}) => {
  const lanes: Lane[] = [];
  let inHand = fresh.inHand ?? 0;
  const rate = {
    take: async (_group: string, _events: number, _rate: number, lane: Lane) => {
      lanes.push(lane);
      return grants.shift() ?? { granted: true };
    },
    notBefore: async () => undefined,
  };
  const take = pacedBehind(
    { rate, group: "g", eventsPerSecond: 100 },
    { isInHand: () => inHand-- > 0, isWaiting: async () => fresh.waiting ?? false },
  );
  return { take, lanes };
};

test("what is read again takes the rate that nobody else wants, and waits for it in its job", async () => {
  const { take, lanes } = aPace([{ granted: false, afterMs: 1 }, { granted: true }]);
  expect(await take(5, never)).toBeUndefined();
  expect(lanes).toEqual(["replay", "replay"]);
});

test("it goes back to the queue when a fresh batch waits for a worker", async () => {
  const { take, lanes } = aPace([], { waiting: true });
  expect(await take(5, never)).toEqual({ afterMs: 1 });
  expect(lanes).toEqual([]);
});

test("it does not ask while a fresh batch is in hand", async () => {
  const { take, lanes } = aPace([], { inHand: 2 });
  const taken = take(5, never);
  expect(lanes).toEqual([]);
  await taken;
  expect(lanes).toEqual(["replay"]);
});

test("a long wait is given back to the queue, which rests only briefly: new events may come", async () => {
  const { take } = aPace([{ granted: false, afterMs: 9_000 }]);
  expect(await take(5, never)).toEqual({ afterMs: 250 });
});
