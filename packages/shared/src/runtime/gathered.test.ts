import { expect, test, vi } from "vitest";
import { gathered } from "./gathered.ts";

const squares = (numbers: readonly number[]) => Promise.resolve(numbers.map((number) => number * number));

test("what is asked at about the same time is asked at once, and each gets its own answer", async () => {
  const askAll = vi.fn<typeof squares>(squares);
  const ask = gathered(askAll);
  expect(await Promise.all([ask(2), ask(3), ask(2)])).toEqual([4, 9, 4]);
  expect(askAll).toHaveBeenCalledExactlyOnceWith([2, 3, 2]);
  expect(await ask(4)).toBe(16);
  expect(askAll).toHaveBeenCalledTimes(2);
});

test("a fault reaches all who asked, and the next question is asked anew", async () => {
  const askAll = vi.fn<typeof squares>(squares).mockRejectedValueOnce(new Error("LOADING"));
  const ask = gathered(askAll);
  const asked = await Promise.allSettled([ask(1), ask(2)]);
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await ask(1)).toBe(1);
});

test("too few answers are no answers: nobody knows whose they are", async () => {
  const ask = gathered((numbers: readonly number[]) => Promise.resolve(numbers.slice(1)));
  await expect(Promise.all([ask(1), ask(2)])).rejects.toThrow("2 questions were asked at once, and 1 were answered");
});
