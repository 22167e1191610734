import type { JobId } from "@currents-relay/shared/core/ids.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ArchivedBatch, archivedBatches, archivePath, archiveText } from "./archive-format.ts";

const aBatch = (over: Partial<Omit<ArchivedBatch, "id">> & { id?: string } = {}): ArchivedBatch => ({
  calls: '{"type":"track","messageId":"a"},\n{"type":"track","messageId":"b"}',
  count: 2,
  connector: "engagement",
  heldSinceMs: Date.UTC(2026, 10, 23, 14, 3, 22, 123),
  landedAtMs: 1_795_442_000_000,
  origin: { uri: "file:///currents/a.avro", blockOffset: 512 },
  ...over,
  id: (over.id ?? "d-1f-0") as JobId, // as deliverJobId makes them
});

const written = (batches: readonly ArchivedBatch[]) => [...archiveText("acme", batches)].join("");
const linesOf = (text: string) => text.split("\n").slice(0, -1);
const read = async (lines: readonly string[], workspace = "acme") => {
  async function* each() {
    yield* lines;
  }
  const batches: ArchivedBatch[] = [];
  for await (const batch of archivedBatches(each(), workspace)) batches.push(batch);
  return batches;
};

describe("an archive", () => {
  it("gives back what was written, every byte of it", async () => {
    const aCall = fc.json().map((json) => JSON.stringify({ type: "track", properties: json }));
    const anyBatch = fc.record({
      id: fc.stringMatching(/^d-[0-9a-f]{4,24}-\d{1,3}[ab]{0,4}$/),
      calls: fc.array(fc.oneof(aCall, fc.constant('{"a":"\u2028 ,\\n \\r é 👋"}')), { minLength: 1, maxLength: 5 }),
      connector: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,47}$/),
      heldSinceMs: fc.nat(2e12),
      landedAtMs: fc.nat(2e12),
      origin: fc.record({ uri: fc.webUrl(), blockOffset: fc.nat() }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyBatch, { minLength: 1, maxLength: 4 }), async (some) => {
        const batches = some.map((one) => aBatch({ ...one, calls: one.calls.join(",\n"), count: one.calls.length }));
        expect(await read(linesOf(written(batches)))).toEqual(batches);
      }),
      { numRuns: 100 },
    );
  });

  it("is one JSON object a line, the calls as Segment would have got them", () => {
    const lines = linesOf(written([aBatch(), aBatch({ id: "d-1f-1", calls: '{"type":"track"}', count: 1 })]));
    expect(lines).toHaveLength(1 + 1 + 2 + 1 + 1);
    expect(JSON.parse(lines[0]!)).toEqual({ relayArchive: 1, workspace: "acme", batches: 2, calls: 3 });
    expect(JSON.parse(lines[1]!)).toMatchObject({ batch: { id: "d-1f-0", connector: "engagement", calls: 2 } });
    expect(lines.slice(2, 4)).toEqual(aBatch().calls.split(",\n"));
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it("refuses a batch whose calls are not as many as it says, or not one a line", () => {
    for (const batch of [
      aBatch({ count: 3 }),
      aBatch({ count: 1 }),
      aBatch({ calls: '{"a":1}\n{"b":2}', count: 1 }),
      aBatch({ calls: "", count: 0 }),
      aBatch({ calls: "", count: 1 }),
    ])
      expect(() => written([batch])).toThrow("one a line");
  });

  it("has the same place whenever it is written, by the day since when its first batch was held", () => {
    const batches = [aBatch(), aBatch({ id: "d-1f-1" })];
    expect(archivePath("acme", batches)).toMatch(/^acme\/2026-11-23\/14-03-22\.123Z-d-1f-0-[0-9a-f]{12}\.ndjson\.gz$/);
    expect(archivePath("acme", batches)).toBe(archivePath("acme", structuredClone(batches)));
  });

  it("of other batches has another place, even if the first is the same", () => {
    const [a, b, c] = ["d-1", "d-2", "d-3"].map((id) => aBatch({ id })) as [
      ArchivedBatch,
      ArchivedBatch,
      ArchivedBatch,
    ];
    const places = [[a], [a, b], [a, c], [a, c, b], [b], [b, c]].map((some) => archivePath("acme", some));
    expect(new Set(places).size).toBe(places.length);
  });

  it("is not written without a batch, or with an id that is no name", () => {
    expect(() => archivePath("acme", [])).toThrow("at least one batch");
    for (const id of ["../x", "a/b", "", ".hidden", "a b", "a\n"])
      expect(() => archivePath("acme", [aBatch(), aBatch({ id })])).toThrow("no id");
  });
});

describe("a damaged archive", () => {
  const whole = linesOf(written([aBatch(), aBatch({ id: "d-1f-1" })]));
  const changed = (at: number, line: string) => whole.with(at, line);

  it("says what is wrong with it", async () => {
    const faults: [string[], string][] = [
      [[], "nothing in it"],
      [["<html>", ...whole], "the first line is not JSON"],
      [whole.slice(1), 'the first line has no "relayArchive"'],
      [changed(0, '{"relayArchive":2}'), "version 2"],
      [changed(0, '{"relayArchive":1,"workspace":"acme"}'), 'the first line has no "batches"'],
      [changed(1, "null"), 'line 2 has no "id"'],
      [changed(1, whole[1]!.replace('"d-1f-0"', '"../../etc"')), 'line 2 has no "id"'],
      [changed(1, whole[1]!.replace('"connector"', '"c"')), 'line 2 has no "connector"'],
      [changed(1, whole[1]!.replace('"calls":2', '"calls":-1')), 'line 2 has no "calls"'],
      [whole.slice(0, -1), "ends in the middle of the batch d-1f-1"],
      [whole.slice(0, 4), "1 batches with 2 calls are in it, not 2 with 4"],
      [whole.toSpliced(2, 1), 'line 5 has no "id"'],
      [[...whole, ...whole.slice(4)], "3 batches with 6 calls"],
    ];
    for (const [lines, said] of faults)
      await expect(read(lines)).rejects.toMatchObject({
        name: "ArchiveCorrupt",
        message: expect.stringContaining(said),
      });
  });

  it("is also one of another workspace: its calls are not ours to send", async () => {
    await expect(read(whole, "other")).rejects.toThrow('it belongs to the workspace "acme", and not to "other"');
  });
});
