import type { ChunkHeader } from "@currents-relay/shared/contracts/chunk.ts";
import { type FileId, transformJobId } from "@currents-relay/shared/core/ids.ts";
import { expect, test } from "vitest";
import type { ReadyCall } from "./map-chunk.ts";
import type { Body } from "./pack.ts";
import { deliverParcels, quarantineParcels } from "./parcels.ts";

const chunk = transformJobId("f".repeat(24) as FileId, 0, 9); // brand: a test's own file
const header: ChunkHeader = {
  v: 1,
  connector: "engagement",
  source: { fileId: "f".repeat(24), uri: "file:///a.avro" },
  landedAtMs: 0,
  records: 9,
  spans: [{ blockOffset: 0, firstRecord: 0, records: 9 }],
  content: { encoding: "json" },
};

const bodyOf = (text: string, indices: readonly number[]): Body<ReadyCall> => {
  const page = Buffer.from(indices.map((index) => `${text}${index}`).join(",\n"));
  const each = text.length + 1;
  const calls = indices.map((index, at) => ({
    id: `id-${index}`,
    index,
    json: { page, start: at * (each + 2), end: at * (each + 2) + each },
  }));
  return { calls, bytes: page.length };
};
const idOf = (text: string, ...indices: number[]) => deliverParcels(chunk, header, [bodyOf(text, indices)])[0]?.id;

test("a batch is named by the events in it, however they are written", () => {
  expect(idOf("a", 1, 2)).toBe(idOf("written in another way", 1, 2));
});

test("batches of a chunk with other events, at the same place and as many, have other names", () => {
  const names = [idOf("a", 1, 2), idOf("a", 1, 3), idOf("a", 2, 3), idOf("a", 1), idOf("a", 1, 2, 3)];
  expect(new Set(names).size).toBe(names.length);
});

test("what is set aside for one reason is named by the events in it, as a run under other rules sets others aside", () => {
  const body = Buffer.from(Array.from({ length: 9 }, (_, i) => `{"event_type":"a","id":"${i}"}`).join("\n"));
  const idsOf = (...indices: number[]) => {
    const events = indices.map((index) => ({ index, reason: "missing-name" as const, message: "no name" }));
    return quarantineParcels(chunk, { header, body }, events).map(({ id }) => id);
  };
  const names = [idsOf(1), idsOf(2), idsOf(1, 2)].flat();
  expect(new Set(names).size).toBe(3);
  expect(idsOf(1, 2)).toEqual(names.slice(2));
  expect(names[0]).toMatch(new RegExp(`^q-${chunk}-missing-name-[0-9a-f]{8}$`));
});
