import type { ChunkHeader } from "@currents-relay/shared/contracts/chunk.ts";
import { type FileId, transformJobId } from "@currents-relay/shared/core/ids.ts";
import { expect, test } from "vitest";
import type { ReadyCall } from "./map-chunk.ts";
import type { Body } from "./pack.ts";
import { deliverParcels } from "./parcels.ts";

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
