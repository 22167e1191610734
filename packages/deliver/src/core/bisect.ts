import { checkCount, type ReadyBatch } from "./ready-batch.ts";

/**
 * Splits a batch into two halves that keep the order of the calls; the first is the larger one of an odd count.
 * Undefined for a single call. Throws if `count` is not the number of calls.
 */
export const bisect = (batch: ReadyBatch): readonly [ReadyBatch, ReadyBatch] | undefined => {
  checkCount(batch);
  const { calls, count } = batch;
  if (count === 1) return undefined;
  const firstCount = Math.ceil(count / 2);
  let border = -1; // the line break after the first half
  for (let passed = 0; passed < firstCount; passed += 1) border = calls.indexOf(0x0a, border + 1);
  return [
    { calls: calls.subarray(0, border - 1), count: firstCount },
    { calls: calls.subarray(border + 1), count: count - firstCount },
  ];
};
