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

interface Status {
  workspaces: {
    state: string;
    holdReason: string | null;
    events: { quarantined: Record<string, number> };
    conservation: unknown;
  }[];
}

test("when Segment refuses everything with 400 the workspace is held, and only some calls are set aside", async () => {
  const often = "settingsEndpoint: $1, credentialCheckEvery: 1s";
  const config = aConfig({ segment: segment.url, redis: redis.url });
  const folder = await aFolder({ "relay.yaml": config.replace(/settingsEndpoint: ("[^"]*")/, often) });
  const relayCommand = async <Answer>(line: string): Promise<Answer> =>
    JSON.parse((await runRelay([...line.split(" "), "--json"], { cwd: folder })).stdout) as Answer;
  const workspace = async () => (await relayCommand<Status>("status")).workspaces[0];
  const setAside = async () => (await workspace())?.events.quarantined["rejected"] ?? 0;

  segment.control({ rules: [{ match: { route: "batch" }, then: { status: 400 } }] });
  startRelayCommand(["start"], { cwd: folder });
  const eventTypes = ["users.messages.email.Open"];
  const { readableIds } = await makeCurrents({ into: join(folder, "currents"), events: 2_000, eventTypes, seed: 1 });
  // One look at both: every second a trial is made, and then it is called replaying.
  await until("the workspace is held", async () => {
    const { state, holdReason } = (await workspace()) ?? {};
    return state === "holding" && holdReason === "everything-refused";
  });
  expect(await setAside()).toBeGreaterThanOrEqual(50);

  segment.control({ rules: [] });
  await until("the rest is delivered", async () => segment.ids().size + (await setAside()) === readableIds.size);
  expect(await setAside()).toBeLessThan(100);
  await relayCommand("dlq replay --workspace acme --reason rejected --yes");
  await until("all is delivered", () => segment.ids().size === readableIds.size);
  expect(new Set(segment.ids().values())).toEqual(new Set([1]));
  expect((await workspace())?.conservation).toEqual({ holds: true, differences: [] });
});
