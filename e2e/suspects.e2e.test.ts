import { join } from "node:path";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aConfig, aFolder, runRelay, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

let segment: SegmentSim;
let redis: RedisServer;
beforeAll(async () => {
  [segment, redis] = await Promise.all([startSegmentSim(), startRedisServer({ aof: "no" })]);
});
afterAll(() => Promise.all([segment.stop(), redis.stop()]));

test("what Segment threw away behind a 200 is kept, counted, and sent again by one command", async () => {
  const checkedEvery = "settingsEndpoint: $1, credentialCheckEvery: 3s";
  const config = aConfig({ segment: segment.url, redis: redis.url }).replace(
    /settingsEndpoint: ("[^"]*")/,
    checkedEvery,
  );
  const folder = await aFolder({ "relay.yaml": config });
  const json = async <Answer>(line: string): Promise<Answer> =>
    JSON.parse((await runRelay([...line.split(" "), "--json"], { cwd: folder })).stdout) as Answer;
  const land = async (seed: number) => {
    const eventTypes = ["users.messages.email.Open"];
    const manifest = await makeCurrents({ into: join(folder, "currents"), events: 400, eventTypes, seed });
    return [...manifest.readableIds.keys()];
  };
  const thrownAway = () => segment.stats().discardedBy["unknown-key"];

  const relay = startRelayCommand(["start"], { cwd: folder });
  const early = await land(1);
  await until("the first file is delivered", () => segment.ids().size === early.length);
  // The key dies while nobody can look it up, so that no check comes before the second file.
  segment.control({ keys: ["another-key"], rules: [{ match: { route: "settings" }, then: { status: 503 } }] });
  const late = await land(2);
  await until("the second file is thrown away", () => thrownAway() === late.length);
  segment.control({ rules: [] });
  await until("the key is found to be bad", () => relay.stderr().includes("outage.suspect"));

  const planned = await json<{ events: number; unkept: number }>("resend --suspect --dry-run");
  expect(planned.events).toBeGreaterThanOrEqual(late.length);
  expect(planned.unkept).toBe(0);
  expect(await json("resend --suspect --dry-run")).toEqual(planned);
  segment.control({ keys: null });
  expect(await json("resend --suspect")).toMatchObject({ events: planned.events, isDryRun: false });
  expect(await json("resend --suspect")).toMatchObject({ events: 0, from: null });
  await until("everything has arrived", () => segment.ids().size === early.length + late.length);
  const times = (ids: readonly string[]) => new Set(ids.map((id) => segment.ids().get(id)));
  expect(times(late)).toEqual(new Set([1]));
  const { workspaces } = await json<{ workspaces: { conservation: unknown }[] }>("status");
  expect(workspaces[0]?.conservation).toEqual({ holds: true, differences: [] });
});
