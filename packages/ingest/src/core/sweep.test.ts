import { describe, expect, it } from "vitest";
import { collected } from "./avro-writer.testing.ts";
import { brazeKeys, hourMs, virtualStore } from "../testing/virtual-store.ts";
import { type Mark, markAt } from "./marks.ts";
import { sweepOn } from "./sweep.ts";

const endMs = Date.parse("2026-11-23T12:00:00Z");
const scope = "event_type=a.b/";
const lateMs = 6 * hourMs;

describe("the full listing of an event type of 10,000 hours", () => {
  const sweep = async (mark: Mark | undefined, { mostPages = 100, sinceMs = 0 } = {}) => {
    const store = virtualStore(brazeKeys({ root: "", types: ["a.b"], hours: 10_000, files: 3, endMs }));
    store.put("zzz.avro", endMs);
    const marks = { scopes: new Map(mark ? [[scope, mark]] : []), sweep: undefined };
    const scene = { marks, search: { root: "", sinceMs, lateMs }, mostPages };
    const finds = await collected(sweepOn(store.list, { startedMs: endMs, cursor: "" }, scene));
    const found = finds.flatMap((find) => (find.kind === "objects" ? find.objects : []));
    return { finds, atMs: found.map(({ atMs }) => atMs), requests: store.countRequests() };
  };

  it("looks at the hours between what is taken for good and what the rounds have reached", async () => {
    const mark = markAt(endMs - hourMs, lateMs);
    const { atMs, requests, finds } = await sweep(mark);
    expect(atMs).toHaveLength(49 * 3 + 1);
    expect(Math.min(...atMs)).toBe(mark.takenBeforeMs);
    expect(requests).toBe(2);
    expect(finds.at(-1)).toEqual({
      kind: "sweep-ended",
      from: { startedMs: endMs, cursor: expect.stringContaining(scope) },
      mark: markAt(endMs, lateMs),
    });
  });

  it("leaves the hours that the rounds have not reached to them", async () => {
    const { atMs, requests } = await sweep(markAt(endMs - 5_000 * hourMs, lateMs));
    expect(Math.max(...atMs.slice(0, -1))).toBe(endMs - 5_000 * hourMs);
    expect(atMs).toHaveLength(49 * 3 + 1);
    expect(requests).toBe(3);
  });

  it("leaves all of a type that nobody knew of to the rounds, and names it", async () => {
    const { finds, atMs, requests } = await sweep(undefined);
    expect(finds[0]).toEqual({ kind: "scope", scope });
    expect(atMs).toEqual([endMs]);
    expect(requests).toBe(2);
  });

  it("looks at nothing from before `since`", async () => {
    const { atMs } = await sweep(markAt(endMs, lateMs), { sinceMs: endMs - 3 * hourMs });
    expect(atMs).toHaveLength(3 * 3 + 1);
  });

  it("stops after so many pages and says where", async () => {
    const { finds, requests } = await sweep(markAt(endMs, lateMs), { mostPages: 1 });
    expect(requests).toBe(1);
    expect(finds.at(-1)).toMatchObject({ kind: "swept", to: `${scope}date=2026-11-21-12` });
  });
});
