import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readWorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { expect, test } from "vitest";
import { aFolder, startRelayCommand } from "./support/command-line.ts";
import { useSegmentAndRedis } from "./support/segment-and-redis.ts";
import { until } from "./support/until.ts";

const at = useSegmentAndRedis();

const workspace = (name: string, connectors: readonly string[]) => [
  `  ${name}:`,
  `    segment: { writeKey: ${name}-key, endpoint: "${at.segment.url}", settingsEndpoint: "${at.segment.url}", eventsPerSecond: 100000 }`,
  "    connectors:",
  ...connectors.map((connector) => `      ${connector}`),
];
const opens = 'opens: { source: { type: folder, path: ./opens }, events: ["users.messages.email.Open"] }';
const clicks = `clicks: { source: { type: folder, path: ./clicks }, events: ["users.messages.email.Click"], eventNames: { "users.messages.email.Click": Renamed } }`;
const moreSends = "sends: { source: { type: folder, path: ./sends } }";

const configOf = (...workspaces: string[][]) =>
  [
    "version: 1",
    `redis: { url: "${at.redis.url}" }`,
    "admin: { port: 0 }",
    "workspaces:",
    ...workspaces.flat(),
    "",
  ].join("\n");

test("an edit takes effect in every stage within seconds, what a removed connector began ends by its last rules, a faulty edit is refused", async () => {
  const folder = await aFolder({ "relay.yaml": configOf(workspace("acme", [opens, clicks])) });
  const edit = async (text: string) => {
    await writeFile(join(folder, "relay.yaml.new"), text);
    await rename(join(folder, "relay.yaml.new"), join(folder, "relay.yaml"));
    return performance.now();
  };
  const land = async (name: string, eventType: string, seed: number) => {
    const into = join(folder, name);
    const manifest = await makeCurrents({ into, events: 300, eventTypes: [eventType], seed });
    return [...manifest.readableIds.keys()];
  };
  const start = (stage: string) => startRelayCommand([stage, "--config", "relay.yaml"], { cwd: folder });
  const has = (ids: readonly string[]) => ids.every((id) => at.segment.ids().has(id));

  const [ingest, transform] = [start("ingest"), start("transform"), start("deliver")];
  const first = await land("opens", "users.messages.email.Open", 1);
  await until("the first file is delivered", () => has(first));

  // A workspace comes: its files go the whole way.
  const sends = await land("sends", "users.messages.email.Send", 2);
  const both = configOf(workspace("acme", [opens, clicks]), workspace("beta", [moreSends]));
  const editedMs = await edit(both);
  await until("the new workspace delivers", () => has(sends));
  expect(performance.now() - editedMs).toBeLessThan(15_000);

  // A faulty one is refused, and everything goes on.
  await edit(both.replace("version: 1", "version: 1\nworkspacs: {}"));
  await until("it is refused", () => ingest.stderr().includes("config.refused"));
  const second = await land("opens", "users.messages.email.Open", 3);
  await until("the last good one is in force", () => has(second));

  // A connector goes while a chunk of it waits, and transform has not seen it since it started.
  transform.signal("SIGKILL");
  const late = await land("clicks", "users.messages.email.Click", 4);
  const waiting = async () => (await readWorkspaceStatus(at.client, "acme")).waiting.transform;
  await until("its chunk waits", async () => (await waiting()) === late.length);
  await edit(configOf(workspace("acme", [opens])));
  await until("ingest has it", () => ingest.stderr().split("config.applied").length > 2);
  await land("clicks", "users.messages.email.Click", 5);
  start("transform");
  await until("what it began is delivered", () => has(late));
  const calls = await (await fetch(`${at.segment.url}/__calls?limit=10000`)).text();
  expect(calls.match(/"event":"Renamed"/g)).toHaveLength(late.length);
  // What Segment has accepted is settled a moment later.
  const left = async () => {
    const { filesWaiting, waiting: events } = await readWorkspaceStatus(at.client, "acme");
    return [filesWaiting, events];
  };
  const nothing = [0, { transform: 0, deliver: 0, held: 0, quarantined: 0 }];
  await expect.poll(left, { timeout: 30_000 }).toEqual(nothing);
});
