import { setImmediate as turn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { JobId } from "../core/ids.ts";
import { shrinkWaiting } from "./shrink-waiting.ts";

const jobs = (count: number) => Array.from({ length: count }, (_, i) => `d-file-0-${i}` as JobId);

/** What was shrunk so far; the first call waits until `release` is called. */
const setUp = (fail: (id: JobId) => boolean = () => false) => {
  const first = Promise.withResolvers<void>();
  const shrunk: JobId[] = [];
  const errors: unknown[] = [];
  const ending = new AbortController();
  const add = shrinkWaiting({
    spool: {
      shrink: async (id) => {
        shrunk.push(id);
        await first.promise;
        if (fail(id)) throw new Error(`no ${id}`);
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
  await vi.waitFor(() => expect(shrunk).toEqual([one]));
  release();
  await vi.waitFor(() => expect(shrunk).toEqual([one, two]));
  ending.abort();
});

test("one that was shrunk, or failed to be, may come again", async () => {
  const { add, shrunk, errors, release, ending } = setUp((id) => id.endsWith("1"));
  const [one, two] = jobs(2);
  if (!one || !two) return;
  release();
  add("deliver", one);
  add("deliver", two);
  await vi.waitFor(() => expect(errors).toEqual([new Error(`no ${two}`)]));
  await turn();
  add("deliver", two);
  add("deliver", one);
  await vi.waitFor(() => expect(shrunk).toEqual([one, two, two, one]));
  ending.abort();
});

test("of a workspace a thousand stand in line at most; the rest is for another look", async () => {
  const { add, shrunk, release } = setUp();
  for (const id of jobs(1_500)) add("deliver", id);
  release();
  await vi.waitFor(() => expect(shrunk).toHaveLength(1_000), { timeout: 10_000 });
  add("deliver", "d-file-0-1400" as JobId);
  await vi.waitFor(() => expect(shrunk).toHaveLength(1_001));
});

test("after the end nothing more is shrunk", async () => {
  const { add, shrunk, release, ending } = setUp();
  for (const id of jobs(3)) add("deliver", id);
  await vi.waitFor(() => expect(shrunk).toHaveLength(1));
  ending.abort();
  release();
  const later = setUp();
  later.release();
  later.add("deliver", "d-file-1-0" as JobId);
  // The line is that of the process: when this one has its turn, those before it have had theirs.
  await vi.waitFor(() => expect(later.shrunk).toHaveLength(1));
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
  await vi.waitFor(() => expect(order).toEqual(turns));
  ending.abort();
});
