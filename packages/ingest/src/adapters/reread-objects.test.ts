import { expect, test } from "vitest";
import { bucketRounds } from "../testing/bucket-rounds.ts";
import { brazeKeys, hourMs, hourOf, virtualStore } from "../testing/virtual-store.ts";
import { findIn } from "./reread-objects.ts";

const endMs = Date.parse("2026-11-23T12:00:00Z");
const root = "currents/dataexport.prod-01.S3.integration.69ca/";
const types = ["users.messages.email.Open", "users.messages.email.Click"];
const query = { fromMs: endMs - 3 * hourMs, toMs: endMs - hourMs };
const soon = () => AbortSignal.timeout(10_000);
const finderOf = (store: ReturnType<typeof virtualStore>) =>
  bucketRounds(store, { root: "currents/", sinceMs: query.fromMs, isThorough: true }, { now: Date.now }).finder;

test("a bucket's event types are listed to their end: what is of the time is found, once each, oldest first", async () => {
  const store = virtualStore(brazeKeys({ root, types, hours: 100, files: 10, endMs }), endMs);
  const { objects, untyped } = await findIn(finderOf(store), query, soon());
  expect(objects).toHaveLength(2 * 2 * 10);
  expect(new Set(objects.map(({ key }) => /date=([^/]+)/.exec(key)?.[1]))).toEqual(
    new Set([hourOf(query.fromMs), hourOf(query.fromMs + hourMs)]),
  );
  expect(untyped).toBe(0);
});

test("so are an event type in an unknown depth, and what is in no layout of Braze's", async () => {
  const store = virtualStore(brazeKeys({ root, types, hours: 5, files: 1, endMs }), endMs);
  const deep = `currents/a/b/c/event_type=users.sessions.Start/date=${hourOf(query.fromMs)}/417/us-01/x+0+1.avro`;
  store.put(deep, endMs);
  store.put("currents/by-hand.avro", query.fromMs);
  store.put("currents/too-old.avro", query.fromMs - 1);
  const { objects } = await findIn(finderOf(store), query, soon());
  const keys = objects.map(({ key }) => key);
  expect(keys).toHaveLength(4 + 2);
  expect(keys).toContain(deep);
  expect(keys).toContain("currents/by-hand.avro");
  // Twice the root and the integration, twice two event types, the deep one when it is known, and one full listing.
  expect(store.countRequests()).toBe(11);
});

test("an event type with nothing of the time does not keep it going, nor does an empty bucket", async () => {
  const old = virtualStore(brazeKeys({ root, types, hours: 2, files: 1, endMs: endMs - 1_000 * hourMs }), 0);
  expect(await findIn(finderOf(old), query, soon())).toEqual({ objects: [], untyped: 0 });
  expect(await findIn(finderOf(virtualStore()), query, soon())).toEqual({ objects: [], untyped: 0 });
});
