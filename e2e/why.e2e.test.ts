import { join } from "node:path";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { aConfig, aFolder, runRelay } from "./support/command-line.ts";

let segment: SegmentSim;
let redis: RedisServer;
beforeAll(async () => {
  [segment, redis] = await Promise.all([startSegmentSim(), startRedisServer({ aof: "no" })]);
});
beforeEach(() => segment.control({ reset: true, rules: [], keys: null }));
afterAll(() => Promise.all([segment.stop(), redis.stop()]));

/** A workspace of its own with 700 events, more than one batch. */
const aWorkspace = async (name: string) => {
  const text = aConfig({ segment: segment.url, redis: redis.url }).replace("  acme:", `  ${name}:`);
  const folder = await aFolder({ "relay.yaml": text });
  const manifest = await makeCurrents({
    into: join(folder, "currents"),
    events: 700,
    eventTypes: ["users.messages.email.Open"],
  });
  const run = (...args: string[]) => runRelay(args, { cwd: folder });
  const why = async (id: string): Promise<unknown> => JSON.parse((await run("why", id, "--json")).stdout);
  return { ids: [...manifest.readableIds.keys()], run, why };
};

test("an event is told where it is: nowhere yet, delivered, refused, and held", async () => {
  const { ids, run, why } = await aWorkspace("w1");
  const [refused = "", delivered = ""] = ids;
  const before = await run("why", delivered);
  expect(before.code).toBe(1);
  expect(before.stdout).toContain("There is no trace of it.");
  segment.control({ rules: [{ match: { messageId: refused }, then: { status: 400 } }] });
  expect((await run("start", "--once")).code).toBe(0);

  // What was accepted just now is still kept, so the very batch can be named.
  expect(await why(delivered)).toMatchObject({
    workspace: "w1",
    whereabouts: "delivered",
    connector: "engagement",
    uri: expect.stringMatching(/^file:.*\.avro$/),
    batches: expect.arrayContaining([expect.objectContaining({ place: "ended", hasEvent: true })]),
  });
  const told = await run("why", delivered);
  expect(told.code).toBe(0);
  expect(told.stdout).toMatch(
    /in w1: Segment accepted it\.\nfile +file:.*\nlanded +20.*\ntaken +20.*\nbatch +d-.*: accepted by Segment at 20/,
  );

  expect(await why(refused)).toMatchObject({ whereabouts: "quarantined", quarantined: { reason: "rejected" } });
  expect((await run("why", refused)).stdout).toContain("Segment answered 400 to this call alone");
});

test("a held event is found in its batch, with the reason", async () => {
  const { ids, run, why } = await aWorkspace("w2");
  segment.control({ keys: [] });
  expect((await run("start", "--once")).code).toBe(75);
  const last = ids.at(-1) ?? "";
  const held = { place: "held", heldFor: "unknown-write-key", hasEvent: true };
  expect(await why(last)).toMatchObject({ whereabouts: "held", batches: [held] });
  expect((await run("why", last)).stdout).toMatch(/An outage holds it.*\n[^]*batch +d-.*: held since 20.*: /);
});

test("a wrong command line is told", async () => {
  const { run } = await aWorkspace("w3");
  const none = await run("why");
  expect([none.code, none.stderr]).toEqual([64, expect.stringContaining("name one event")]);
});
