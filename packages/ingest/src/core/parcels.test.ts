import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import { expect, test } from "vitest";
import { chunkParcel } from "./parcels.ts";
import { cutLines } from "./request-body.ts";

const job = { v: 1, fileId: "f1", connector: "engagement", landedAtMs: 1, object: { uri: "u" } } as IngestJob;
const source = { connector: "engagement", source: { fileId: "f1", uri: "u" }, landedAtMs: 1, eventTypeOf: () => "x" };
const idOfFirstChunk = (events: number) =>
  cutLines(
    Array.from({ length: events }, () => "{}"),
    source,
  ).map((part) => chunkParcel(part, job).id)[0];

test("a first chunk that was cut elsewhere, as by a relay with other limits, has another id and is not taken for it", () => {
  expect(idOfFirstChunk(7)).toBe("t-f1-0-7");
  expect(idOfFirstChunk(8)).toBe("t-f1-0-8");
});
