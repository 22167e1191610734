import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { aConfig, aFolder, runRelay, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

let segment: SegmentSim;
let redis: RedisServer;
beforeAll(async () => {
  [segment, redis] = await Promise.all([startSegmentSim(), startRedisServer({ aof: "no" })]);
});
afterAll(() => Promise.all([segment.stop(), redis.stop()]));

interface Answer {
  objects: number;
  events: number;
  readBefore: number;
  unprotectedObjects: number;
  isWhole: boolean;
}

const hourMs = 3_600_000;
const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * hourMs);

test("a backfill takes what the source has of a time, once; a resend takes it again, under new ids where asked", async () => {
  const since = `since: "${hoursAgo(1).toISOString()}"`;
  const config = aConfig({ segment: segment.url, redis: redis.url }).replace(
    "path: ./currents",
    `path: ./currents, ${since}`,
  );
  const folder = await aFolder({ "relay.yaml": config });
  const into = join(folder, "currents");
  const make = async (seed: number, eventType: string, at: Date) => {
    const made = await makeCurrents({
      into,
      events: 400,
      eventsPerFile: 100,
      eventTypes: [eventType],
      seed,
      baseTimeMs: at.getTime(),
    });
    return [...made.readableIds.keys()];
  };
  const openIds = await make(1, "users.messages.email.Open", hoursAgo(50));
  const { length: clicks } = await make(2, "users.messages.email.Click", hoursAgo(50));
  const opens = openIds.length;
  await make(3, "users.messages.email.Open", hoursAgo(200));
  const range = ["--from", hoursAgo(60).toISOString(), "--to", hoursAgo(40).toISOString()];
  const ask = async (...words: string[]): Promise<Answer> => {
    const { stdout, stderr } = await runRelay([...words, ...range, "--json"], { cwd: folder });
    expect(stdout, stderr).not.toBe("");
    return JSON.parse(stdout) as Answer;
  };
  const onlyOpens = ["--events", "*.Open"];

  startRelayCommand(["start"], { cwd: folder });
  const planned = await ask("backfill", "--dry-run");
  expect(planned).toMatchObject({ objects: 8, unprotectedObjects: 8, readBefore: 0 });
  expect(planned.events / (opens + clicks)).toBeCloseTo(1, 1);
  const refused = await runRelay(["backfill", ...range], { cwd: folder });
  expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining("--yes") as string]);
  expect(await ask("backfill", "--yes", ...onlyOpens)).toMatchObject({ objects: 4, isWhole: true });
  await until("the opens have arrived", () => segment.ids().size === opens);
  expect(await ask("backfill", "--yes", ...onlyOpens)).toMatchObject({ objects: 0, readBefore: 4 });
  // What the other command took is remembered: only the clicks are new.
  expect(await ask("backfill", "--yes")).toMatchObject({ objects: 8 });
  await until("all have arrived", () => segment.ids().size === opens + clicks);
  const repeats = () => segment.stats().repeats;
  expect(repeats()).toBe(0);

  expect(await ask("resend", "--yes", ...onlyOpens)).toMatchObject({ objects: 4, isWhole: true });
  await until("they have come again under their own ids", () => repeats() === opens);
  await ask("resend", "--yes", "--new-message-ids", ...onlyOpens);
  await until("they have come under new ids", () => segment.ids().size === 2 * opens + clicks);
  expect(repeats()).toBe(opens);

  const [open = ""] = openIds;
  const why = await runRelay(["why", open], { cwd: folder });
  const accepted = "Segment accepted it\\.";
  const again = `Read again by relay resend \\(run \\w+\\): ${accepted}[^]*`;
  expect(why.stdout).toMatch(new RegExp(`^${open} in acme: ${accepted}[^]*${again}${again}$`));
  const status = await runRelay(["status", "--json"], { cwd: folder });
  const { workspaces } = JSON.parse(status.stdout) as { workspaces: { conservation: unknown; filesWaiting: number }[] };
  expect(workspaces[0]).toMatchObject({ filesWaiting: 0, conservation: { holds: true, differences: [] } });
});

test("a source that cannot be read is said in one line, with 66", async () => {
  const folder = await aFolder({ "relay.yaml": aConfig({ redis: redis.url, path: "./nowhere" }) });
  const range = ["--from", "2026-11-01", "--to", "2026-11-02"];
  const { code, stdout, stderr } = await runRelay(["backfill", "--dry-run", ...range], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 66, stdout: "" });
  expect(stderr).toContain("nowhere");
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

/** A folder with three files of an hour of the past, and the command that reads them again. */
const aPast = async () => {
  const config = aConfig({ segment: segment.url, redis: redis.url, writeKey: `key-of-${performance.now()}` }).replace(
    "path: ./currents",
    `path: ./currents, since: "${hoursAgo(1).toISOString()}"`,
  );
  const folder = await aFolder({ "relay.yaml": config.replace("acme:", `acme-${Math.trunc(performance.now())}:`) });
  const baseTimeMs = hoursAgo(50).getTime();
  const eventTypes = ["users.messages.email.Open"];
  const into = join(folder, "currents");
  await makeCurrents({ into, events: 300, eventsPerFile: 100, eventTypes, baseTimeMs });
  const names = await readdir(into, { recursive: true });
  const files = names.filter((name) => name.endsWith(".avro")).map((name) => join(into, name));
  const range = ["--from", hoursAgo(60).toISOString(), "--to", hoursAgo(40).toISOString()];
  return { folder, files, backfill: ["backfill", "--yes", ...range] };
};

test("an object that goes before it is read is told, with 1; the same command again reads what is there", async () => {
  const { folder, files, backfill } = await aPast();
  const command = startRelayCommand([...backfill, "--json"], { cwd: folder });
  const [gone] = files;
  await until("the objects are in hand", () => command.stderr().includes("0 of 3 objects read"));
  await rm(gone ?? "");
  startRelayCommand(["start"], { cwd: folder });
  const { code, stdout } = await command.ended;
  expect([code, JSON.parse(stdout)]).toEqual([1, expect.objectContaining({ isWhole: true, changedObjects: 1 })]);
  const again = await runRelay(backfill, { cwd: folder });
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("0 objects") as string });
});

test("Ctrl-C ends a backfill while Redis does not answer", async () => {
  const own = await startRedisServer({ aof: "no" });
  onTestFinished(() => own.stop());
  const { folder, backfill } = await aPast();
  const config = join(folder, "relay.yaml");
  await writeFile(config, (await readFile(config, "utf8")).replace(redis.url, own.url));
  const command = startRelayCommand(backfill, { cwd: folder });
  await until("it waits for ingest", () => command.stderr().includes("0 of 3 objects read, 0 %"));
  process.kill(own.pid, "SIGSTOP");
  onTestFinished(() => void process.kill(own.pid, "SIGCONT"));
  command.signal("SIGINT");
  const { code, stdout } = await command.ended;
  expect([code, stdout]).toEqual([130, expect.stringContaining("the same command goes on behind it")]);
});
