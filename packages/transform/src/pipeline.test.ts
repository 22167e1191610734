import { setTimeout as delay } from "node:timers/promises";
import type { DeliverJob, QuarantineJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { openPagePool } from "@currents-relay/shared/core/pages.ts";
import { collect } from "@currents-relay/shared/runtime/collect.testing.ts";
import { countedPages } from "@currents-relay/shared/testing/counted-pages.ts";
import { fakeHandOver } from "@currents-relay/shared/testing/fake-hand-over.ts";
import { everyKillPoint, Killed, killedAt } from "@currents-relay/shared/testing/kill-points.ts";
import { describe, expect, it } from "vitest";
import type { ConnectorRules } from "./core/rules.ts";
import { avroLong, avroString } from "./core/testing/avro-bytes.ts";
import { anAvroChunk, aJsonChunk } from "./core/testing/chunks.ts";
import { transformChunk } from "./pipeline.ts";
import type { TransformPorts } from "./ports.ts";

const rules: ConnectorRules = {
  connector: "engagement",
  fields: { remove: [], hash: [] },
  eventNames: {},
  anonymousUsers: false,
};
const job = {
  id: "t-file-0" as JobId, // a test's own
  ageMs: 0,
  data: { v: 1, connector: "engagement", records: 3, landedAtMs: 0, uri: "file:///a.avro" },
} as const;

const anOpen = (id: string, user: object = { user_id: "u", external_user_id: "x" }) =>
  JSON.stringify({ event_type: "users.messages.email.Open", id, time: 1_700_000_000, user, properties: {} });

const openSchema = {
  type: "record",
  name: "Open",
  fields: [
    ...["id", "user_id", "external_user_id"].map((name) => ({ name, type: "string" })),
    { name: "time", type: "long" },
  ],
};
const anAvroOpen = (id: string) =>
  anAvroChunk("users.messages.email.Open", openSchema, {
    records: 1,
    body: Buffer.concat([...[id, "u", "x"].map(avroString), avroLong(1_700_000_000)]),
  });

/** The outside world of one chunk, in memory. */
const aWorld = (lines: readonly string[], claimedByOthers: readonly string[] = []) => {
  const claims = new Map<string, string>(claimedByOthers.map((id) => [id, "another chunk"]));
  const deliver = fakeHandOver<DeliverJob>();
  const quarantine = fakeHandOver<QuarantineJob>();
  const ports: TransformPorts = {
    readChunk: async () => aJsonChunk(lines),
    openPages: openPagePool(1),
    claim: async (owner, ids) =>
      ids.map((id) => {
        if (!claims.has(id)) claims.set(id, owner);
        return claims.get(id) === owner;
      }),
    toDeliver: deliver.handOver,
    toQuarantine: quarantine.handOver,
    mostCalls: 500,
    countUnknownTypes: () => undefined,
  };
  const delivered = () =>
    [...deliver.taken.values()].flatMap(({ payload }) =>
      Buffer.from(payload)
        .toString()
        .split(",\n")
        .map((call) => (JSON.parse(call) as { messageId: string }).messageId),
    );
  return { ports, deliver, quarantine, delivered };
};

describe("the way of one chunk", () => {
  it("hands over what is selected, well-formed and claimed, and counts every event once", async () => {
    const world = aWorld([anOpen("a"), anOpen("b"), anOpen("c", { user_id: "u" }), anOpen("")], ["b"]);
    const outcome = await transformChunk(world.ports, rules)(job);
    expect(outcome).toEqual({
      kind: "ok",
      value: { in: 4, ok: 1, "dropped:duplicate": 1, "dropped:no-external-user-id": 1, "quarantined:missing-id": 1 },
    });
    expect(world.delivered()).toEqual(["a"]);
    expect([...world.quarantine.taken.values()].map(({ data }) => data.reason)).toEqual(["missing-id"]);
  });

  it("what it sets aside of a re-reading knows that it was of one", async () => {
    const world = aWorld([anOpen("")]);
    const reread = { run: "run-1", apart: true } as const;
    await transformChunk(world.ports, rules)({ ...job, data: { ...job.data, reread } });
    expect([...world.quarantine.taken.values()].map(({ data }) => data.ofReread)).toEqual([reread]);
  });

  it("while it waits for claims, nobody holds the bytes of the chunk itself any more", async () => {
    const world = aWorld([]);
    let chunk: WeakRef<ArrayBufferLike> | undefined;
    let isHeld: boolean | undefined;
    const ports: TransformPorts = {
      ...world.ports,
      readChunk: async () => {
        const read = anAvroOpen("a");
        const body = Buffer.alloc(read.body.length); // in memory of its own
        body.set(read.body);
        chunk = new WeakRef(body.buffer);
        return { ...read, body };
      },
      claim: async (owner, ids) => {
        await delay(0); // a WeakRef holds what it refers to until the event loop goes on
        collect();
        isHeld = chunk?.deref() !== undefined;
        return world.ports.claim(owner, ids);
      },
    };
    await transformChunk(ports, rules)(job);
    expect(world.delivered()).toEqual(["a"]);
    expect(isHeld).toBe(false);
  });

  it("a chunk whose claims are all lost sends nothing", async () => {
    const world = aWorld([anOpen("a"), anOpen("b")], ["a", "b"]);
    expect(await transformChunk(world.ports, rules)(job)).toEqual({
      kind: "ok",
      value: { in: 2, "dropped:duplicate": 2 },
    });
    expect(world.delivered()).toEqual([]);
  });

  it("a kill at any await loses nothing and doubles nothing, once the chunk has run again", async () => {
    const lines = [anOpen("a"), anOpen("b"), anOpen("c"), anOpen("")];
    const undisturbed = aWorld(lines, ["b"]);
    const tally = await transformChunk(undisturbed.ports, rules)(job);
    const awaits = await everyKillPoint(async (point) => {
      const world = aWorld(lines, ["b"]);
      const first = await transformChunk(killedAt(world.ports, point), rules)(job).catch((error: unknown) => error);
      expect(await transformChunk(world.ports, rules)(job)).toEqual(tally);
      expect(world.delivered()).toEqual(undisturbed.delivered());
      expect([...world.deliver.taken.keys()]).toEqual([...undisturbed.deliver.taken.keys()]);
      expect([...world.quarantine.taken.keys()]).toEqual([...undisturbed.quarantine.taken.keys()]);
      return first instanceof Killed ? "killed" : "ran to the end";
    });
    expect(awaits).toBe(4); // read, claim, quarantine, deliver
  });

  it("a chunk that runs again under other rules hands over all that it then comes to, hidden by nothing of before", async () => {
    const world = aWorld([anOpen("a"), anOpen("b", { user_id: "u" })]);
    await transformChunk(world.ports, rules)(job);
    expect(world.delivered()).toEqual(["a"]);
    await transformChunk(world.ports, { ...rules, anonymousUsers: true })(job);
    // "a" goes out twice, under one messageId, rather than "b" never.
    expect(world.delivered()).toEqual(["a", "a", "b"]);
  });

  it("a chunk that runs again under rules that only write its events in another way hands over nothing twice", async () => {
    const world = aWorld([anOpen("a"), anOpen("b")]);
    await transformChunk(world.ports, rules)(job);
    await transformChunk(world.ports, { ...rules, eventNames: { "users.messages.email.Open": "Opened" } })(job);
    expect(world.delivered()).toEqual(["a", "b"]);
  });

  it("chunks in hand at the same time do not write where the others' calls are, and the next ones do", async () => {
    const world = aWorld([]);
    const { openPages, lent } = countedPages(4); // for each of two: a chunk, and its calls
    const readChunk: TransformPorts["readChunk"] = async (id, openPage) => {
      const chunk = anAvroOpen(id.at(-1) ?? "");
      const body = openPage(chunk.body.length).subarray(0, chunk.body.length);
      body.set(chunk.body);
      return { ...chunk, body };
    };
    const transform = (id: string, hold: Promise<void>) => {
      const toDeliver: TransformPorts["toDeliver"] = async (parcels) => {
        await hold; // as for the note of its batches
        return world.deliver.handOver(parcels);
      };
      const ports = { ...world.ports, openPages, readChunk, toDeliver };
      return transformChunk(ports, rules)({ ...job, id: `t-file-${id}` as JobId });
    };
    const later = Promise.withResolvers<void>();
    const first = transform("a", later.promise);
    for (const id of ["b", "c"]) await transform(id, Promise.resolve());
    later.resolve();
    await first;
    await transform("d", Promise.resolve());
    expect(world.delivered()).toEqual(["b", "c", "a", "d"]);
    expect(lent.size).toBe(4);
  });

  it("a chunk that is not in the spool yet is waited for", async () => {
    const world = aWorld([]);
    const outcome = await transformChunk({ ...world.ports, readChunk: async () => undefined }, rules)(job);
    expect(outcome.kind).toBe("retry");
  });

  it("a chunk of a connector that is not configured any more waits, because its rules are not known", async () => {
    const world = aWorld([anOpen("a")]);
    expect((await transformChunk(world.ports, undefined)(job)).kind).toBe("retry");
    expect(world.delivered()).toEqual([]);
  });
});
