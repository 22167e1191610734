import { join } from "node:path";
import { outageKey } from "@currents-relay/shared/core/keys.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { beforeEach, expect, test } from "vitest";
import { aFolder, runRelay, startRelayCommand } from "./support/command-line.ts";
import { useSegmentAndRedis } from "./support/segment-and-redis.ts";
import { until } from "./support/until.ts";

const at = useSegmentAndRedis();
beforeEach(async () => {
  await at.client.flushall();
  at.segment.control({ reset: true, rules: [] });
});

const events = 50;

/** Two workspaces with files, of one of which Redis has the state of an outage that only a newer relay knows. */
const aDamagedOne = async (): Promise<string> => {
  const workspace = (name: string) => [
    `  ${name}:`,
    `    segment: { writeKey: ${name}-key, endpoint: "${at.segment.url}", settingsEndpoint: "${at.segment.url}" }`,
    `    connectors: { engagement: { source: { type: folder, path: ./${name} } } }`,
  ];
  const lines = [
    "version: 1",
    `redis: { url: "${at.redis.url}" }`,
    "admin: { port: 0 }",
    "workspaces:",
    ...workspace("acme"),
    ...workspace("globex"),
  ];
  const folder = await aFolder({ "relay.yaml": `${lines.join("\n")}\n` });
  for (const [seed, name] of ["acme", "globex"].entries())
    await makeCurrents({ into: join(folder, name), events, eventTypes: ["users.messages.email.Open"], seed });
  await at.client.set(outageKey("globex"), '{"v":2}');
  return folder;
};
const why = "outage state version 2 is not known; update this worker";

test("a workspace whose state cannot be read keeps no other from its work, is shown, and goes on when it can", async () => {
  const folder = await aDamagedOne();
  const relay = startRelayCommand(["start"], { cwd: folder });
  await until("acme is delivered", () => Promise.resolve(at.segment.ids().size === events));
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

  await at.client.del(outageKey("globex"));
  await until("globex is delivered, too", () => Promise.resolve(at.segment.ids().size === 2 * events));
  expect(await (await fetch(`${page}/readyz`)).text()).toContain("ready");
  expect((await runRelay(["status"], { cwd: folder })).code).toBe(0);
});

test("a run to the end does not begin without it", async () => {
  const folder = await aDamagedOne();
  const run = await runRelay(["start", "--once"], { cwd: folder });
  expect(run).toMatchObject({ code: 69, stdout: "" });
  expect(run.stderr).toContain(`deliver of globex is not open: ${why}`);
  expect(at.segment.ids().size).toBe(0);
});
