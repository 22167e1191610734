import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { collected } from "../core/avro-writer.testing.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { SourceObject } from "../ports.ts";
import { patientStore, type StoreClient } from "./patient-store.ts";
import type { StoreFault } from "./store-fault.ts";

/** A busy machine takes its time. */
const patientlyMs = 8_000;
const signal = new AbortController().signal;
const patience = { tries: 3, firstWaitMs: 1, longestWaitMs: 2, idleMs: 50 };
const object: SourceObject = { key: "a", uri: "s3://b/a", version: "1", bytes: 6, landedAtMs: 0 };

/** A store whose answers a test writes; after the last of them it fails. */
const aClient = (
  answers: (() => Readable | Promise<Readable>)[],
  fault: StoreFault = { kind: "later" },
): StoreClient => ({
  name: "s3://b",
  faultOf: () => fault,
  listPage: () => Promise.reject(new Error("slow down")),
  open: async () => {
    const answer = answers.shift();
    if (!answer) throw new Error("no more answers");
    return answer();
  },
});
const textOf = async (client: StoreClient) =>
  Buffer.concat(await collected(patientStore(client, patience).read(object, 0, signal))).toString();

it("a connection that ends too early without an error is a broken one", async () => {
  expect(
    await textOf(aClient([() => Readable.from([Buffer.from("abc")]), () => Readable.from([Buffer.from("def")])])),
  ).toBe("abcdef");
});

it("bytes between two failures begin the counting anew", async () => {
  const piece = () =>
    Readable.from(
      (async function* () {
        yield Buffer.from("x");
        throw new Error("reset");
      })(),
    );
  expect(await textOf(aClient(Array.from({ length: 6 }, () => piece)))).toBe("xxxxxx");
});

it("a store that asks to wait long is not waited for here: the fault says how long", async () => {
  const fault: unknown = await textOf(aClient([], { kind: "later", afterMs: 120_000 })).catch(
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(SourceUnavailable);
  expect(fault).toMatchObject({ afterMs: 120_000 });
});

it("a store that asks to wait a little is waited for as long as it asks", async () => {
  const startedMs = performance.now();
  const answers = [() => Promise.reject(new Error("slow down")), () => Readable.from([Buffer.from("abcdef")])];
  expect(await textOf(aClient(answers, { kind: "later", afterMs: 60 }))).toBe("abcdef");
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(59);
});

it("a slow reader is no idle connection", async () => {
  const stream = Readable.from([Buffer.from("abc"), Buffer.from("def")]);
  const pieces: string[] = [];
  for await (const piece of patientStore(aClient([() => stream]), patience).read(object, 0, signal)) {
    pieces.push(Buffer.from(piece).toString());
    const untilMs = performance.now() + 2 * patience.idleMs;
    await vi.waitFor(() => expect(performance.now()).toBeGreaterThan(untilMs), patientlyMs);
  }
  expect(pieces).toEqual(["abc", "def"]);
});

it("the connection is closed when the reader has enough", async () => {
  const stream = new Readable({ read: () => undefined });
  stream.push(Buffer.from("abc"));
  for await (const _ of patientStore(aClient([() => stream]), patience).read(object, 0, signal)) break;
  await setImmediate();
  expect(stream.destroyed).toBe(true);
});

it("a listing that stays slow is a fault with a sentence", async () => {
  await expect(patientStore(aClient([]), patience).listPage({ prefix: "" }, signal)).rejects.toThrow(
    "s3://b cannot be listed: slow down (tried 3 times)",
  );
});
