import { expect, test } from "vitest";
import { groupCommit } from "./group-commit.ts";

/** Stores that end when the test says so, of at most three in a group. */
const aStore = () => {
  const begun: { items: readonly string[]; end: PromiseWithResolvers<void> }[] = [];
  const stored: string[] = [];
  const commit = groupCommit<string>({
    store: (items) => {
      const end = Promise.withResolvers<void>();
      begun.push({ items: [...items], end });
      return end.promise;
    },
    shareOf: () => 0.33,
  });
  const take = (item: string, signal = new AbortController().signal) => {
    const done = commit(item, signal);
    void done.then(
      () => stored.push(item),
      () => stored.push(`not ${item}`),
    );
    return done;
  };
  const groups = () => begun.map(({ items }) => items.join(""));
  const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));
  return { take, begun, stored, groups, settle };
};

test("what comes alone is stored at once, alone", async () => {
  const { take, begun, stored, groups, settle } = aStore();
  void take("a");
  expect(groups()).toEqual(["a"]);
  begun[0]?.end.resolve();
  await settle();
  expect(stored).toEqual(["a"]);
  void take("b");
  expect(groups()).toEqual(["a", "b"]);
});

test("what comes while something is stored is stored together next, in order, as far as it fits; no two at a time", async () => {
  const { take, begun, stored, groups, settle } = aStore();
  for (const item of ["a", "b", "c", "d", "e"]) void take(item);
  await settle();
  expect(groups()).toEqual(["a"]);
  begun[0]?.end.resolve();
  await settle();
  expect(groups()).toEqual(["a", "bcd"]);
  void take("f");
  expect(stored).toEqual(["a"]);
  begun[1]?.end.resolve();
  await settle();
  expect(stored).toEqual(["a", "b", "c", "d"]);
  expect(groups()).toEqual(["a", "bcd", "ef"]);
});

test("a group that cannot be stored is told to those in it, and the next one is stored all the same", async () => {
  const { take, begun, stored, groups, settle } = aStore();
  void take("a");
  const [b, c] = [take("b"), take("c")];
  begun[0]?.end.reject(new Error("OOM"));
  await settle();
  expect(stored).toEqual(["not a"]);
  begun[1]?.end.reject(new Error("no disk"));
  await expect(b).rejects.toThrow("no disk");
  await expect(c).rejects.toThrow("no disk");
  void take("d");
  expect(groups()).toEqual(["a", "bc", "d"]);
  begun[2]?.end.resolve();
  await settle();
  expect(stored).toEqual(["not a", "not b", "not c", "d"]);
});

test("what does not fit beside others has a group of its own", async () => {
  const groups: number[][] = [];
  const first = Promise.withResolvers<void>();
  const commit = groupCommit<number>({
    store: async (items) => {
      groups.push([...items]);
      if (groups.length === 1) await first.promise;
    },
    shareOf: (item) => item / 10,
  });
  const all = [1, 4, 5, 2, 50, 3].map((item) => commit(item, new AbortController().signal));
  first.resolve();
  await Promise.all(all);
  expect(groups).toEqual([[1], [4, 5], [2], [50], [3]]);
});

test("what nobody waits for any more leaves its group at once, and makes room there; what is being stored is told of", async () => {
  const { take, begun, stored, groups, settle } = aStore();
  const late = new AbortController();
  for (const item of ["a", "b"]) void take(item, late.signal);
  for (const item of ["c", "d"]) void take(item);
  late.abort(new Error("too late"));
  await settle();
  expect(stored).toEqual(["not a", "not b"]);
  void take("e");
  await expect(take("f", late.signal)).rejects.toThrow("too late");
  begun[0]?.end.resolve();
  await settle();
  expect(groups()).toEqual(["a", "cde"]);
});

test("a group that all have left is not stored", async () => {
  const { take, begun, groups, settle } = aStore();
  const late = new AbortController();
  void take("a");
  for (const item of ["b", "c"]) void take(item, late.signal);
  late.abort(new Error("too late"));
  begun[0]?.end.resolve();
  await settle();
  void take("d");
  expect(groups()).toEqual(["a", "d"]);
});
