import { expect, test } from "vitest";
import { openHands } from "./hands.ts";

test("as many as there are can be taken; the next ones wait, and get theirs in the order asked for", async () => {
  const hands = openHands(2);
  const order: string[] = [];
  expect(await hands.take()).toBe(true);
  expect(hands.takeNow()).toBe(true);
  expect(hands.takeNow()).toBe(false);
  expect(hands.spare()).toBe(0);
  const waiting = ["a", "b", "c"].map(async (name) => {
    await hands.take();
    order.push(name);
  });
  expect(hands.spare()).toBe(-3);
  hands.give();
  await waiting[0];
  expect(order).toEqual(["a"]);
  hands.give();
  hands.give();
  await Promise.all(waiting);
  expect(order).toEqual(["a", "b", "c"]);
  expect(hands.spare()).toBe(0);
  hands.give();
  expect(hands.spare()).toBe(1);
});

test("who leaves the line gets none, and the next one does not wait for it", async () => {
  const hands = openHands(1);
  await hands.take();
  const leaving = new AbortController();
  const [left, next] = [hands.take(leaving.signal), hands.take()];
  leaving.abort();
  expect(await left).toBe(false);
  hands.give();
  expect(await next).toBe(true);
  expect(await hands.take(AbortSignal.abort())).toBe(false);
  hands.give();
  expect(hands.takeNow()).toBe(true);
});

test("a signal that comes after a hand was taken takes nothing back", async () => {
  const hands = openHands(1);
  const late = new AbortController();
  expect(await hands.take(late.signal)).toBe(true);
  late.abort();
  expect(hands.takeNow()).toBe(false);
});
