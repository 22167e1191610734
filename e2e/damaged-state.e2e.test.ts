import { join } from "node:path";
import { outageKey } from "@currents-relay/shared/core/keys.ts";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { aFolder, runRelay, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

let segment: SegmentSim;
let redis: RedisServer;
let client: Redis;
beforeAll(async () => {
  [segment, redis] = await Promise.all([startSegmentSim(), startRedisServer({ aof: "no" })]);
  client = new Redis(redis.url);
});
beforeEach(async () => {
  await client.flushall();
  segment.control({ reset: true, rules: [] });
});
afterAll(async () => {
  client.disconnect();
  await Promise.all([segment.stop(), redis.stop()]);
});

const events = 50;

/** Two workspaces with files, of one of which Redis has the state of an outage that only a newer relay knows. */
const aDamagedOne = async (): Promise<string> => {
  const workspace = (name: string) => [
    `  ${name}:`,
    `    segment: { writeKey: ${name}-key, endpoint: "${segment.url}", settingsEndpoint: "${segment.url}" }`,
    `    connectors: { engagement: { source: { type: folder, path: ./${name} } } }`,
  ];
  const lines = [
    "version: 1",
    `redis: { url: "${redis.url}" }`,
    "admin: { port: 0 }",
    "workspaces:",
    ...workspace("acme"),
    ...workspace("globex"),
  ];
  const folder = await aFolder({ "relay.yaml": `${lines.join("\n")}\n` });
  for (const [seed, name] of ["acme", "globex"].entries())
    await makeCurrents({ into: join(folder, name), events, eventTypes: ["users.messages.email.Open"], seed });
  await client.set(outageKey("globex"), '{"v":2}');
  return folder;
};
const why = "outage state version 2 is not known; update this worker";

test("a workspace whose state cannot be read keeps no other from its work, is shown, and goes on when it can", async () => {
  const folder = await aDamagedOne();
  const relay = startRelayCommand(["start"], { cwd: folder });
  await until("acme is delivered", () => Promise.resolve(segment.ids().size === events));
  const page = /status page (http:\S+?)\/? /.exec(relay.stderr())?.[1] ?? /"admin":"(.*?)"/.exec(relay.stderr())?.[1];
  const ready = await fetch(`${page}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining(`of globex is not open: ${why}`)]);
  expect(await (await fetch(`${page}/`)).text()).toContain(`cannot be read (${why})`);

  const seenAtS = Date.now() / 1_000;
  const metric = async (name: string) =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await (await fetch(`${page}/metrics`)).text())?.[1]);
  await until(
    "its gauges are read again",
    async () => (await metric("relay_gauges_refreshed_timestamp_seconds")) > seenAtS,
  );
  expect(await metric('relay_workers{stage="deliver"}')).toBe(1); // for acme it works

  const status = await runRelay(["status"], { cwd: folder });
  expect(status.code).toBe(69);
  expect(status.stdout).toMatch(/^acme +flowing/m);
  expect(status.stdout).toContain(`globex: what Redis has of it cannot be read (${why})`);
  // The command's own words.
  const json = JSON.parse((await runRelay(["status", "--json"], { cwd: folder })).stdout) as Record<string, unknown>;
  expect(json).toMatchObject({ workspaces: [{ workspace: "acme" }], unreadable: [{ workspace: "globex", why }] });

  await client.del(outageKey("globex"));
  await until("globex is delivered, too", () => Promise.resolve(segment.ids().size === 2 * events));
  expect(await (await fetch(`${page}/readyz`)).text()).toContain("ready");
  expect((await runRelay(["status"], { cwd: folder })).code).toBe(0);
});

test("a run to the end does not begin without it", async () => {
  const folder = await aDamagedOne();
  const run = await runRelay(["start", "--once"], { cwd: folder });
  expect(run).toMatchObject({ code: 69, stdout: "" });
  expect(run.stderr).toContain(`deliver of globex is not open: ${why}`);
  expect(segment.ids().size).toBe(0);
});
