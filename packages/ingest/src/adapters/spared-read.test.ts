import { expect, test } from "vitest";
import { collected } from "../core/avro-writer.testing.ts";
import { ObjectChanged } from "../core/object-changed.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import { sparedRead } from "./spared-read.ts";

const never = new AbortController().signal;
const denied = new SourceUnavailable("no right", { isDenied: true });

/** A source of which a test says what cannot be read, and what was asked for. */
const aScene = () => {
  const asked: string[] = [];
  const faults = new Map<string, Error>();
  const clock = { nowMs: 0 };
  const read = sparedRead(
    async function* ({ key }) {
      asked.push(key);
      const fault = faults.get(key);
      if (fault) throw fault;
      yield Buffer.from(key);
    },
    () => clock.nowMs,
  );
  const ask = (key: string) =>
    collected(read({ key, uri: `s3://b/${key}`, version: "1", bytes: 1, landedAtMs: 0 }, 0, never)).then(
      () => "read",
      (error: unknown) => error,
    );
  const askedFor = () => asked.splice(0);
  return { ask, askedFor, faults, clock };
};

test("what was denied is asked for again one at a time, and everything else as ever", async () => {
  const { ask, askedFor, faults, clock } = aScene();
  for (const key of ["a", "b", "c"]) faults.set(key, denied);
  const first = await Promise.all(["a", "b", "c"].map(ask));
  expect(askedFor()).toEqual(["a", "b", "c"]);
  for (const fault of first) expect(fault).toMatchObject({ message: "no right", code: "AccessDenied" });
  const again = await Promise.all(["a", "b", "c", "d"].map(ask));
  expect(askedFor()).toEqual(["a", "d"]);
  expect(again[1]).toMatchObject({ message: "s3://b/b was denied before", code: "AccessDenied" });
  expect(again[3]).toBe("read");
  clock.nowMs = 999;
  await ask("b");
  expect(askedFor()).toEqual([]);
  clock.nowMs = 1_000;
  await ask("b");
  expect(askedFor()).toEqual(["b"]);
});

test("all are asked for again when one of them can be read", async () => {
  const { ask, askedFor, faults } = aScene();
  for (const key of ["a", "b", "c"]) faults.set(key, denied);
  for (const key of ["a", "b", "c"]) await ask(key);
  faults.clear();
  for (const key of ["a", "b", "c"]) expect(await ask(key)).toBe("read");
  expect(askedFor()).toEqual(["a", "b", "c", "a", "b", "c"]);
});

test("the more are denied, the longer each waits", async () => {
  const { ask, faults } = aScene();
  const waits: number[] = [];
  for (let n = 0; n < 3_000; n++) {
    faults.set(String(n), denied);
    const fault = await ask(String(n));
    if (fault instanceof SourceUnavailable) waits.push(fault.afterMs);
  }
  expect(waits[0]).toBeGreaterThanOrEqual(0.75 * 15_000);
  expect(waits[0]).toBeLessThanOrEqual(1.25 * 15_000);
  expect(waits.at(-1)).toBeGreaterThanOrEqual(0.75 * 60_000);
});

test.each([new ObjectChanged("it is gone"), new SourceUnavailable("it is throttled"), new Error("a bug")])(
  "another fault is passed on as it is, and ends the sparing of its object: %s",
  async (fault) => {
    const { ask, askedFor, faults } = aScene();
    faults.set("a", denied);
    await ask("a");
    faults.set("a", fault);
    expect(await ask("a")).toBe(fault);
    expect(await ask("a")).toBe(fault);
    expect(askedFor()).toEqual(["a", "a", "a"]);
  },
);
