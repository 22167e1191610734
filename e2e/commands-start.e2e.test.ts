import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { idsToDeliver } from "@currents-relay/sim/currents-maker/manifest.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { aConfig, aFolder, type CommandResult, runRelay, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

const redis = useRedis({ aof: "everysec" });
let segment: SegmentSim;
beforeAll(async () => {
  segment = await startSegmentSim();
});
beforeEach(() => segment.control({ reset: true, rules: [], keys: null }));
afterAll(() => segment.stop());

const eventTypes = ["users.messages.email.Open"];

/** A folder with a relay.yaml for the stand-in, and with files of so many events. */
const aSource = async ({ events = 200, config = "", more = [] as string[] } = {}) => {
  const text = config || aConfig({ segment: segment.url, redis: redis.url(), more });
  const folder = await aFolder({ "relay.yaml": text });
  const manifest = await makeCurrents({ into: join(folder, "currents"), events, eventTypes, eventsPerFile: 100 });
  return { folder, manifest };
};

interface Summary {
  files: { done: number; quarantined: number };
  events: { in: number; delivered: number; dropped: object; quarantined: object; held: number };
}
const summaryOf = ({ stdout }: CommandResult): Summary =>
  JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Summary;

test("--once delivers what is there, and stdout is one line of JSON", async () => {
  const { folder } = await aSource();
  const result = await runRelay(["start", "--once", "--config", "relay.yaml"], { cwd: folder });
  expect(result.code, result.stderr).toBe(0);
  expect(result.stdout).toBe(
    '{"files":{"done":2,"quarantined":0},"events":{"in":200,"delivered":200,"dropped":{},"quarantined":{},"held":0}}\n',
  );
  expect(result.stderr).toBe("");
  expect(segment.stats()).toMatchObject({ accepted: 200, repeats: 0 });
});

test("files in every faulty shape: all that is good arrives, each bad file is counted", async () => {
  const { folder } = await aSource({ events: 100 });
  const faulty = { corrupt: true, truncated: true, notAvro: true };
  const manifest = await makeCurrents({
    into: join(folder, "currents"),
    events: 600,
    seed: 2,
    recordsPerBlock: 20,
    eventTypes,
    eventsPerFile: 200,
    ...faulty,
  });
  await writeFile(join(folder, "currents/empty.avro"), "");
  await writeFile(join(folder, "currents/text.avro"), "hello");
  const result = await runRelay(["start", "--once"], { cwd: folder });
  expect(result.code, result.stderr).toBe(0);
  const good = [...idsToDeliver(manifest)].map(({ id }) => id);
  expect(good.length).toBeLessThan(600);
  for (const id of good) expect(segment.ids().get(id)).toBe(1);
  expect(segment.stats()).toMatchObject({ accepted: 100 + good.length, repeats: 0 });
  expect(summaryOf(result)).toMatchObject({
    files: { done: 2, quarantined: 5 },
    events: { delivered: 100 + good.length },
  });
});

test("a source that is not there ends --once with 66 and its name", async () => {
  const folder = await aFolder({ "relay.yaml": aConfig({ segment: segment.url, redis: redis.url() }) });
  const { code, stdout, stderr } = await runRelay(["start", "--once"], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 66, stdout: "" });
  expect(stderr.trimEnd().split("\n").at(-1)).toBe(
    `A source cannot be listed: the folder ${folder}/currents cannot be listed: ENOENT: no such file or directory, stat '${folder}/currents'`,
  );
});

test("a Redis that is not there ends --once with 69, without its password", async () => {
  const { folder } = await aSource({ config: aConfig({ redis: "redis://:hunter2@127.0.0.1:1" }) });
  const { code, stdout, stderr } = await runRelay(["start", "--once"], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 69, stdout: "" });
  expect(stderr).toContain("Redis at 127.0.0.1:1 does not answer (connect ECONNREFUSED 127.0.0.1:1)");
  expect(stderr).not.toContain("hunter2");
});

test("an admin port that is taken ends it with 69 and the remedy", async () => {
  const { folder } = await aSource();
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await until("it listens", () => taken.listening);
  const address = taken.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const { code, stderr } = await runRelay(["start", "--admin-port", port], { cwd: folder });
  expect(code).toBe(69);
  expect(stderr).toMatch(
    new RegExp(`^the admin port 127.0.0.1:${port} is in use; choose another with --admin-port`, "m"),
  );
});

test("a key that Segment does not know: --once ends with 75 and holds all; with the right key the next run delivers it", async () => {
  const { folder } = await aSource({ events: 1_500 });
  segment.control({ keys: ["right-key"] });
  const held = await runRelay(["start", "--once"], { cwd: folder });
  expect(held.code, held.stderr).toBe(75);
  expect(summaryOf(held)).toMatchObject({ events: { in: 1_500, delivered: 0, held: 1_500 } });
  expect(held.stderr).toContain("Not all could be delivered; nothing is lost, start again");
  const right = aConfig({ segment: segment.url, redis: redis.url(), writeKey: "right-key" });
  await writeFile(join(folder, "relay.yaml"), right);
  segment.control({ rules: [{ match: { route: "settings" }, then: { delayMs: 1_000 } }] });
  const delivered = await runRelay(["start", "--once"], { cwd: folder });
  expect(delivered.code, delivered.stderr).toBe(0);
  expect(summaryOf(delivered)).toMatchObject({ events: { in: 0, delivered: 1_500, held: 0 } });
  expect(segment.stats()).toMatchObject({ accepted: 1_500, repeats: 0 });
});

test("SIGTERM in the middle: what is in hand is finished, exit 0, and the next run delivers the rest, each once", async () => {
  const { folder, manifest } = await aSource({ events: 3_000 });
  segment.control({ rules: [{ match: { route: "batch" }, then: { delayMs: 100 } }] });
  const relay = startRelayCommand(["start"], { cwd: folder });
  await until("some have arrived", () => segment.stats().accepted > 0);
  relay.signal("SIGTERM");
  const ended = await relay.ended;
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stdout).toBe("");
  expect(ended.stderr).toContain('"msg":"relay.stopped"');
  const once = await runRelay(["start", "--once"], { cwd: folder });
  expect(once.code, once.stderr).toBe(0);
  const wanted = [...idsToDeliver(manifest)].map(({ id }) => id);
  expect(Object.fromEntries(segment.ids())).toEqual(Object.fromEntries(wanted.map((id) => [id, 1])));
});

test("a second SIGINT waits for nothing but a request that is under way, and loses none of what is in hand", async () => {
  const config = aConfig({ segment: segment.url, redis: redis.url() });
  const { folder } = await aSource({
    events: 100,
    config: config.replace("eventsPerSecond", "requestTimeout: 1s, eventsPerSecond"),
  });
  segment.control({ rules: [{ match: { route: "batch" }, then: { hang: true } }] });
  const relay = startRelayCommand(["start"], { cwd: folder });
  await until("a request hangs", () => (segment.stats().requests.byStatus["hang"] ?? 0) > 0);
  relay.signal("SIGINT");
  await until("it is stopping", () => relay.stderr().includes('"stopping"'));
  relay.signal("SIGINT");
  const askedMs = performance.now();
  expect((await relay.ended).code).toBe(0);
  expect(performance.now() - askedMs).toBeLessThan(5_000);
  segment.control({ rules: [] });
  expect(summaryOf(await runRelay(["start", "--once"], { cwd: folder }))).toMatchObject({
    events: { delivered: 100, held: 0 },
  });
});

test("SIGTERM while Redis is not there: a stage that waits for it ends in peace", async () => {
  const folder = await aFolder({ "relay.yaml": aConfig({ redis: "redis://127.0.0.1:1" }) });
  const relay = startRelayCommand(["deliver"], { cwd: folder });
  await until("it says that Redis is not there", () => relay.stderr().includes("redis.unreachable"));
  relay.signal("SIGTERM");
  expect((await relay.ended).code).toBe(0);
});

test("a folder that appears later is read, a changed configuration takes effect, a faulty one is refused", async () => {
  const config = aConfig({ segment: segment.url, redis: redis.url() });
  const folder = await aFolder({ "relay.yaml": config });
  const relay = startRelayCommand(["start"], { cwd: folder });
  await until("it says that the folder is not there", () => relay.stderr().includes("source.unreadable"));
  await writeFile(join(folder, "relay.yaml"), `${config}        event: [x]\n`);
  await until("the fault is reported", () => relay.stderr().includes("config.refused"));
  expect(relay.stderr()).toContain(
    "relay.yaml:10 workspaces.acme.connectors.engagement.event: is no key of the configuration; did you mean events?",
  );
  await writeFile(
    join(folder, "relay.yaml"),
    `${config}        eventNames: { users.messages.email.Open: Mail Read }\n`,
  );
  await until("it is applied", () => relay.stderr().includes("config.applied"));
  await mkdir(join(folder, "currents"));
  await makeCurrents({ into: join(folder, "currents"), events: 20, eventTypes });
  await until("they arrive", () => segment.stats().accepted === 20);
  const calls = (await (await fetch(`${segment.url}/__calls?limit=20`)).text()).match(/"event":"[^"]*"/g);
  expect(new Set(calls)).toEqual(new Set(['"event":"Mail Read"']));
  relay.signal("SIGTERM");
  expect((await relay.ended).code).toBe(0);
});

test("status says where each workspace stands, for people and for scripts", async () => {
  const { folder } = await aSource({ events: 250 });
  await runRelay(["start", "--once"], { cwd: folder });
  const [people, scripts] = await Promise.all([
    runRelay(["status"], { cwd: folder }),
    runRelay(["status", "--json"], { cwd: folder }),
  ]);
  expect(people).toMatchObject({ code: 0, stderr: "" });
  expect(
    people.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    [
      "workspace",
      "state",
      "lag",
      "waiting",
      "held",
      "expires in",
      "drained in",
      "events/s",
      "events in",
      "delivered",
      "dropped",
      "quarantine",
      "adds up",
    ],
    [
      "acme",
      "flowing",
      "0 s",
      "0",
      "0",
      "-",
      "0 s",
      expect.stringMatching(/^[\d,]+ of 100,000$/),
      "250",
      "250",
      "0",
      "0",
      "yes",
    ],
  ]);
  expect(scripts.code).toBe(0);
  expect(JSON.parse(scripts.stdout)).toMatchObject({
    workspaces: [
      {
        workspace: "acme",
        filesWaiting: 0,
        quarantineEntries: 0,
        files: { done: 3 },
        events: { in: 250, delivered: 250, held: 0 },
        conservation: { holds: true },
        state: "flowing",
        holdReason: null,
        lagSeconds: 0,
        expiry: { afterSeconds: 172_800, then: "keep", remainingSeconds: null },
        backlogEvents: 0,
        drainForecastSeconds: 0,
        rate: { allowedPerSecond: 100_000 },
        sourceFaults: [],
      },
    ],
  });
});

test("a source that cannot be read is named by status, with its reason, until it can", async () => {
  const { folder } = await aSource({ events: 10 });
  const config = await readFile(join(folder, "relay.yaml"), "utf8");
  await writeFile(join(folder, "relay.yaml"), config.replace("./currents", "./later"));
  const relay = startRelayCommand(["start"], { cwd: folder });
  const status = async () => (await runRelay(["status"], { cwd: folder })).stdout;
  await until("status names the folder", async () => /acme: engagement, for \d+ s: .*later/.test(await status()));
  await mkdir(join(folder, "later"));
  await until("status has nothing to say", async () => !(await status()).includes("engagement"));
  relay.signal("SIGTERM");
  expect((await relay.ended).code).toBe(0);
});

test("REDIS_URL is used where the configuration names no Redis, and nothing is started beside it", async () => {
  const { folder } = await aSource({ config: aConfig({ segment: segment.url }) });
  const options = { cwd: folder, env: { REDIS_URL: redis.url() } };
  expect((await runRelay(["start", "--once"], options)).code).toBe(0);
  expect(existsSync(join(folder, ".relay"))).toBe(false);
  const status = await runRelay(["status", "--json"], options);
  expect(JSON.parse(status.stdout)).toMatchObject({ workspaces: [{ events: { delivered: 200 } }] });
});

test("progress goes to stderr in plain lines where there is no terminal", async () => {
  const { folder } = await aSource({ events: 2_500 });
  segment.control({ rules: [{ match: { route: "batch" }, then: { delayMs: 800 }, times: 1 }] });
  const text = aConfig({ segment: segment.url, redis: redis.url() }).replace("100000", "500");
  await writeFile(join(folder, "relay.yaml"), text);
  const { code, stdout, stderr } = await runRelay(["start", "--once"], { cwd: folder });
  expect(code).toBe(0);
  expect(stdout.split("\n")).toHaveLength(2);
  expect(stderr).toMatch(
    /^\d+ s: [\d,]+ events\/s, 25 files read, 2,500 events in, [\d,]+ delivered, [\d,]+ to deliver$/m,
  );
  expect(stderr).not.toContain("\r");
});
