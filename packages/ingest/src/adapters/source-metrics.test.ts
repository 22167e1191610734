import { createMetrics } from "@currents-relay/shared/runtime/metrics.ts";
import { expect, test } from "vitest";
import type { SourceObject } from "../ports.ts";
import { countedRead, countedRounds } from "./source-metrics.ts";

const labels = { workspace: "acme", connector: "engagement" };
const object: SourceObject = { key: "a.avro", uri: "file:///a.avro", version: "1", bytes: 5, landedAtMs: 1 };
const denied = Object.assign(new Error("no"), { code: "EACCES" });

const valueOf = async (metrics: ReturnType<typeof createMetrics>, name: string, more: object = {}) => {
  const metric = await metrics.registry.getSingleMetric(name)?.get();
  return metric?.values.find((value) =>
    Object.entries({ ...labels, ...more }).every(([label, wanted]) => value.labels[label] === wanted),
  )?.value;
};

test("a listing counts what it found and by how it ended, and says when the last good one was", async () => {
  const metrics = createMetrics();
  const onRound = countedRounds(metrics, labels);
  const before = Date.now() / 1_000;
  onRound({ found: 3, listRequests: 2, tookMs: 40 });
  const listed = await valueOf(metrics, "relay_source_listed_timestamp_seconds");
  onRound({ found: 0, listRequests: 1, tookMs: 10, fault: denied });
  onRound({ found: 0, listRequests: 1, tookMs: 10, fault: new Error("down") });
  expect(await valueOf(metrics, "relay_source_listings_total", { outcome: "ok" })).toBe(1);
  expect(await valueOf(metrics, "relay_source_listings_total", { outcome: "denied" })).toBe(1);
  expect(await valueOf(metrics, "relay_source_listings_total", { outcome: "failed" })).toBe(1);
  expect(await valueOf(metrics, "relay_source_files_found_total")).toBe(3);
  expect(await valueOf(metrics, "relay_source_list_requests_total")).toBe(4);
  expect(listed).toBeGreaterThanOrEqual(before);
  expect(await valueOf(metrics, "relay_source_listed_timestamp_seconds")).toBe(listed);
});

test("every outcome of a listing is there before the first one, at 0", async () => {
  const metrics = createMetrics();
  countedRounds(metrics, labels);
  for (const outcome of ["ok", "denied", "failed"])
    expect(await valueOf(metrics, "relay_source_listings_total", { outcome })).toBe(0);
});

test("reading passes the bytes on as they are, and counts them", async () => {
  const metrics = createMetrics();
  const read = countedRead(
    async function* () {
      yield Buffer.from("abc");
      yield Buffer.from("de");
    },
    metrics,
    labels,
  );
  const pieces: string[] = [];
  for await (const piece of read(object, 0, new AbortController().signal)) pieces.push(Buffer.from(piece).toString());
  expect(pieces).toEqual(["abc", "de"]);
  expect(await valueOf(metrics, "relay_source_read_bytes_total")).toBe(5);
  expect(await valueOf(metrics, "relay_source_reads_total", { outcome: "ok" })).toBe(1);
});

test("a reading that fails is counted by why, and fails as before", async () => {
  const metrics = createMetrics();
  const read = countedRead(
    // oxlint-disable-next-line require-yield -- it fails before its first piece
    async function* () {
      throw denied;
    },
    metrics,
    labels,
  );
  const all = async () => {
    for await (const piece of read(object, 0, new AbortController().signal)) expect(piece).toBeUndefined();
  };
  await expect(all()).rejects.toBe(denied);
  expect(await valueOf(metrics, "relay_source_reads_total", { outcome: "denied" })).toBe(1);
  expect(await valueOf(metrics, "relay_source_reads_total", { outcome: "ok" })).toBe(0);
});
