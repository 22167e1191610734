import { setImmediate as turn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { JobId } from "../core/ids.ts";
import { eventually } from "../testing/eventually.ts";
import { shrinkWaiting } from "./shrink-waiting.ts";

/** Each work is followed by a rest of fifteen times the time it took, up to 10 s. */
vi.setConfig({ testTimeout: 30_000 });

const jobs = (count: number) => Array.from({ length: count }, (_, i) => `d-file-0-${i}` as JobId);

/** What was shrunk so far; the first call waits until `release` is called. */
const setUp = (faultOf: (id: JobId) => Error | undefined = () => undefined) => {
  const first = Promise.withResolvers<void>();
  const shrunk: JobId[] = [];
  const errors: unknown[] = [];
  const ending = new AbortController();
  const add = shrinkWaiting({
    spool: {
      shrink: async (id) => {
        shrunk.push(id);
        await first.promise;
        const fault = faultOf(id);
        if (fault) throw fault;
      },
    },
    signal: ending.signal,
    onError: (error) => errors.push(error),
  });
  return { add, shrunk, errors, ending, release: first.resolve };
};

test("one after the other, each once, however often it is found", async () => {
  const { add, shrunk, release, ending } = setUp();
  const [one, two] = jobs(2);
  for (const id of [one, one, two, one, two]) if (id) add("deliver", id);
  await eventually(() => expect(shrunk).toEqual([one]));
  release();
  await eventually(() => expect(shrunk).toEqual([one, two]));
  ending.abort();
});

test("one that was shrunk, or that Redis refused, may come again; of one that is damaged is told once", async () => {
  const [one, refused, damaged] = jobs(3) as [JobId, JobId, JobId];
  const faults = new Map([
    [refused, new Error("Connection is closed.")],
    [damaged, new Error("damaged")],
  ]);
  const { add, shrunk, errors, release, ending } = setUp((id) => faults.get(id));
  release();
  const addAll = () => {
    for (const id of [one, refused, damaged]) add("deliver", id);
  };
  addAll();
  await eventually(() => expect(errors).toHaveLength(2));
  await turn();
  addAll();
  await eventually(() => expect(errors).toHaveLength(3));
  expect(shrunk).toEqual([one, refused, damaged, one, refused]);
  ending.abort();
});

test("of a workspace a thousand stand in line at most; the rest is for another look", async () => {
  const { add, shrunk, release } = setUp();
  for (const id of jobs(1_500)) add("deliver", id);
  release();
  await eventually(() => expect(shrunk).toHaveLength(1_000));
  add("deliver", "d-file-0-1400" as JobId);
  await eventually(() => expect(shrunk).toHaveLength(1_001));
});

test("after the end nothing more is shrunk", async () => {
  const { add, shrunk, release, ending } = setUp();
  for (const id of jobs(3)) add("deliver", id);
  await eventually(() => expect(shrunk).toHaveLength(1));
  ending.abort();
  release();
  const later = setUp();
  later.release();
  later.add("deliver", "d-file-1-0" as JobId);
  // The line is that of the process: when this one has its turn, those before it have had theirs.
  await eventually(() => expect(later.shrunk).toHaveLength(1));
  expect(shrunk).toHaveLength(1);
  later.ending.abort();
});

test("workspaces take turns", async () => {
  const order: string[] = [];
  const ending = new AbortController();
  const { signal } = ending;
  const lines = ["one", "other"].map((name) => {
    const shrink = (id: JobId) => Promise.resolve(void order.push(`${name} ${id}`));
    return { name, add: shrinkWaiting({ spool: { shrink }, signal, onError: () => expect.fail("nothing fails") }) };
  });
  for (const { add } of lines) for (const id of jobs(3)) add("deliver", id);
  const turns = jobs(3).flatMap((id) => lines.map(({ name }) => `${name} ${id}`));
  await eventually(() => expect(order).toEqual(turns));
  ending.abort();
});
