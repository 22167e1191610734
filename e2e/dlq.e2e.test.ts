import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { aHeader, aRawBlock, long, string } from "@currents-relay/ingest/core/avro-writer.testing.ts";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { aConfig, aFolder, relayMain, runRelay, startCommand, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

let segment: SegmentSim;
let redis: RedisServer;
beforeAll(async () => {
  [segment, redis] = await Promise.all([startSegmentSim(), startRedisServer({ aof: "no" })]);
});
beforeEach(() => segment.control({ reset: true, rules: [], keys: null }));
afterAll(() => Promise.all([segment.stop(), redis.stop()]));

/** A workspace of its own for each test: they share one Redis. */
let workspaces = 0;
const aWorkspace = async (more: readonly string[] = []) => {
  workspaces += 1;
  const name = `acme-${workspaces}`;
  const text = aConfig({ segment: segment.url, redis: redis.url, more }).replace("  acme:", `  ${name}:`);
  const folder = await aFolder({ "relay.yaml": text });
  const run = (line: string) => runRelay(line.split(" "), { cwd: folder });
  return {
    name,
    folder,
    run,
    /** The last line of stdout as JSON. */
    json: async (line: string): Promise<unknown> => {
      const { stdout, stderr } = await run(`${line} --json`);
      expect(stderr).toBe("");
      return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    },
    once: () => run("start --once"),
    addsUp: async () => {
      const { stdout } = await run("status --json");
      return (JSON.parse(stdout) as { workspaces: { conservation: unknown }[] }).workspaces[0]?.conservation;
    },
    fill: (events: number) =>
      makeCurrents({
        into: join(folder, "currents"),
        events,
        eventTypes: ["users.messages.email.Open"],
        eventsPerFile: 500,
      }),
  };
};

const arrived = (): [string, number][] => [...segment.ids()].toSorted(([a], [b]) => (a < b ? -1 : 1));
const each = (ids: Iterable<string>): [string, number][] => [...ids].toSorted().map((id) => [id, 1]);

test("calls that Segment refuses are set aside, looked at, tried, and delivered once when it takes them", async () => {
  const { run, json, once, fill, addsUp } = await aWorkspace();
  const manifest = await fill(60);
  const ids = [...manifest.readableIds.keys()];
  const refused = [ids[3], ids[20], ids[41]].flatMap((id) => id ?? []);
  segment.control({ rules: refused.map((messageId) => ({ match: { messageId }, then: { status: 400 } })) });
  expect((await once()).code).toBe(0);
  expect(segment.ids().size).toBe(57);

  expect(await json("dlq list")).toMatchObject({
    groups: [{ queue: "quarantine", reason: "rejected", connector: "engagement", entries: 3, events: 3 }],
  });
  const listed = (await run("dlq list --each --limit 1")).stdout.split("  ");
  const id = listed[0] ?? "";
  const shown = await run(`dlq show ${id}`);
  expect(shown.stdout).toContain("Segment answered 400 to this call alone");
  expect(shown.stdout).toMatch(/"call":\{"type":"track".*"email":"\[masked\]"/);
  expect((await run(`dlq show ${id} --raw`)).stdout).toMatch(/"email":"[^"[]+@/);

  expect(await json("dlq replay --dry-run")).toMatchObject({ entries: 3, handedOver: 3, stays: {} });
  expect(await json("dlq list")).toMatchObject({ groups: [{ entries: 3 }] });
  segment.control({ rules: [] });
  expect(await json("dlq replay")).toMatchObject({ entries: 3, handedOver: 3, duplicates: 0, stays: {} });
  expect(await json("dlq replay")).toMatchObject({ entries: 0, handedOver: 0 });
  await once();
  expect(arrived()).toEqual(each(ids));
  expect(await addsUp()).toEqual({ holds: true, differences: [] });
});

test("a refused call that is refused again comes back to quarantine, and can be replayed again", async () => {
  const { run, json, once, fill, addsUp } = await aWorkspace();
  const ids = [...(await fill(5)).readableIds.keys()];
  segment.control({ rules: [{ match: { messageId: ids[0] ?? "" }, then: { status: 400 } }] });
  await once();
  for (let round = 0; round < 2; round++) {
    expect((await run("dlq replay")).code).toBe(0);
    await once();
    expect(await json("dlq list")).toMatchObject({ groups: [{ reason: "rejected", events: 1 }] });
  }
  segment.control({ rules: [] });
  await run("dlq replay");
  await once();
  expect(arrived()).toEqual(each(ids));
  expect(await addsUp()).toEqual({ holds: true, differences: [] });
});

/** Custom events, the second without a name. */
const customEvents = (): Buffer => {
  const fields = ["id", "user_id", "external_user_id"].map((name) => ({ name, type: "string" }));
  const optionalName = { name: "name", type: ["null", "string"] };
  const schema = {
    type: "record",
    name: "users.behaviors.CustomEvent",
    fields: [...fields, { name: "time", type: "int" }, optionalName],
  };
  const records = ["with", "without"].map((id) =>
    Buffer.concat([
      ...[`custom-${workspaces}-${id}`, "u", "x"].map((text) => string(text)),
      long(1_700_000_000),
      id === "with" ? Buffer.concat([long(1), string("bought")]) : long(0),
    ]),
  );
  return Buffer.concat([aHeader({ schema: JSON.stringify(schema) }), aRawBlock(Buffer.concat(records), 2)]);
};

test("an event that could not be mapped stays until the configuration can, which the dry run shows", async () => {
  const { name, folder, run, json, once, addsUp } = await aWorkspace();
  await mkdir(join(folder, "currents"));
  await writeFile(join(folder, "currents", "custom.avro"), customEvents());
  await once();
  const before = await run("dlq replay");
  expect(before.code).toBe(1);
  expect(before.stdout).toContain("1 stay: missing-name (the custom event has no name)");

  const named = aConfig({ segment: segment.url, redis: redis.url }).replace("  acme:", `  ${name}:`);
  await writeFile(
    join(folder, "relay.yaml"),
    `${named}        eventNames: { "users.behaviors.CustomEvent": "Unnamed" }\n`,
  );
  const { stdout } = await run("dlq replay --dry-run");
  expect(stdout).toMatch(/^- \{"reason":"missing-name".*"record":\{.*"\[masked\]"/m);
  expect(stdout).toMatch(/^\+ \{"type":"track".*"event":"Unnamed","userId":"\[masked\]"/m);
  expect(segment.ids().size).toBe(1);
  expect(await json("dlq replay")).toMatchObject({ handedOver: 1, stays: {} });
  await writeFile(join(folder, "currents", "again.avro"), customEvents());
  await once();
  expect(arrived()).toEqual(each([`custom-${workspaces}-with`, `custom-${workspaces}-without`]));
  expect(await addsUp()).toEqual({ holds: true, differences: [] });
});

test("an event that was set aside while it was sent again goes out as a part of that, under its new messageId", async () => {
  const { name, folder, json } = await aWorkspace();
  await mkdir(join(folder, "currents"));
  await writeFile(join(folder, "currents", "custom.avro"), customEvents());
  startRelayCommand(["start"], { cwd: folder });
  const setAside = (entries: number) =>
    until(`${entries} entries are in quarantine`, async () => {
      const { groups } = (await json("dlq list")) as { groups: { entries: number }[] };
      return groups[0]?.entries === entries;
    });
  await setAside(1);
  const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  expect(await json(`resend --from ${hour(-1)} --to ${hour(1)} --new-message-ids --yes`)).toMatchObject({ objects: 1 });
  await setAside(2);

  const named = aConfig({ segment: segment.url, redis: redis.url }).replace("  acme:", `  ${name}:`);
  const eventNames = `        eventNames: { "users.behaviors.CustomEvent": "Unnamed" }\n`;
  await writeFile(join(folder, "relay.yaml"), named + eventNames);
  expect(await json("dlq replay")).toMatchObject({ handedOver: 2, duplicates: 0, stays: {} });
  await until("all have arrived twice", () => segment.ids().size === 4);
  const ids = ["with", "without"].map((id) => `custom-${workspaces}-${id}`);
  const salted = ids.map((id) => expect.stringMatching(new RegExp(`^${id}\\.[0-9a-f]{12}$`)) as string);
  expect(arrived()).toEqual(
    ids.flatMap((id, index) => [
      [id, 1],
      [salted[index], 1],
    ]),
  );
});

test("hold stops the sending within seconds and keeps everything; resume delivers it, once", async () => {
  const { run, json, fill, folder, addsUp } = await aWorkspace();
  const relay = startRelayCommand(["start"], { cwd: folder });
  await until("it runs", () => relay.stderr().includes("relay.started"));
  expect(await json("hold")).toMatchObject({ state: "holding", reason: "operator" });
  expect(await json("hold")).toMatchObject({ state: "holding" });
  await until("the deliver stage has heard of it", () => relay.stderr().includes("holding"));
  const ids = [...(await fill(1_200)).readableIds.keys()];
  await until("all are held", async () => ((await json("hold")) as { held: number }).held === 1_200);
  expect(segment.ids().size).toBe(0);
  expect((await run("dlq replay --queue deadletter")).stdout).toContain("the replay starts with `relay resume`");
  expect(await json("resume")).toMatchObject({ state: "replaying" });
  await until("all are delivered", () => segment.ids().size === 1_200);
  relay.signal("SIGTERM");
  await relay.ended;
  expect(arrived()).toEqual(each(ids));
  expect(await addsUp()).toEqual({ holds: true, differences: [] });
});

/** Holds so many events without a running relay. */
const held = async (events: number) => {
  const workspace = await aWorkspace();
  const manifest = await workspace.fill(events);
  await workspace.run("hold");
  expect((await workspace.once()).code).toBe(75);
  return { ...workspace, ids: [...manifest.readableIds.keys()] };
};

test("dead letters go to an archive and come back from it, and are delivered once", async () => {
  const { run, json, once, folder, ids, addsUp } = await held(1_100);
  const listed = await json("dlq list --queue deadletter");
  expect(listed).toMatchObject({ groups: [{ reason: "operator", connector: "engagement", events: 1_100 }] });
  const [{ entries }] = (listed as { groups: [{ entries: number }] }).groups;
  expect(await json("dlq list --event-type users.messages.sms.Delivery")).toMatchObject({ groups: [] });
  expect(await json("dlq archive --queue deadletter --to-folder ./kept --dry-run")).toMatchObject({
    archived: { events: 1_100 },
  });
  expect(existsSync(join(folder, "kept"))).toBe(false);
  expect(await json("dlq archive --queue deadletter --to-folder ./kept --limit 2")).toMatchObject({
    archived: { entries: 2 },
  });
  expect(
    await json("dlq archive --queue deadletter --event-type users.messages.email.Open --to-folder ./kept"),
  ).toMatchObject({
    archived: { entries: entries - 2 },
    left: { entries: 0 },
  });
  expect(await json("dlq list")).toMatchObject({ groups: [] });
  await run("resume");
  await once();
  expect(segment.ids().size).toBe(0);

  expect(await json("dlq replay --from-archive ./kept --dry-run")).toMatchObject({ files: 2, back: { events: 1_100 } });
  expect(await json("dlq replay --from-archive ./kept")).toMatchObject({
    files: 2,
    back: { entries, events: 1_100 },
  });
  const [file] = (await readdir(join(folder, "kept"), { recursive: true })).filter((name) => name.endsWith(".gz"));
  expect(await json(`dlq replay --from-archive kept/${file}`)).toMatchObject({
    back: { entries: 0 },
    before: { entries: 2 },
  });
  await once();
  expect(arrived()).toEqual(each(ids));
  expect(await addsUp()).toEqual({ holds: true, differences: [] });
});

test("drop needs --yes where nobody can be asked, and then what it ends is gone and counted", async () => {
  const { run, json, addsUp } = await held(40);
  const refused = await run("dlq drop --queue deadletter");
  expect(refused).toMatchObject({ code: 64, stdout: "" });
  expect(refused.stderr).toContain("say --yes");
  expect(await run("dlq drop")).toMatchObject({ code: 64 });
  expect((await run("dlq archive --queue deadletter")).stderr).toContain("--to-folder DIR is missing");
  expect(await json("dlq drop --queue deadletter --dry-run")).toMatchObject({ dropped: { entries: 1, events: 40 } });
  expect(await json("dlq list")).toMatchObject({ groups: [{ events: 40 }] });
  expect(await json("dlq drop --queue deadletter --yes")).toMatchObject({ dropped: { entries: 1, events: 40 } });
  expect(await json("dlq list")).toMatchObject({ groups: [] });
  expect(JSON.stringify(await json("status"))).toContain('"dropped":{"by-operator":40}');
  expect(await addsUp()).toEqual({ holds: true, differences: [] });
});

const hasScript = existsSync("/usr/bin/script") && process.platform === "linux";

test.runIf(hasScript).each([
  ["yes", 0, "1 entry, 40 events: dropped"],
  ["y", 1, "Nothing was dropped."],
])("on a terminal drop asks, and does it only for a whole yes: %s", async (answer, code, said) => {
  const { folder, json } = await held(40);
  const line = [process.execPath, relayMain, "dlq", "drop", "--queue", "deadletter"].join(" ");
  const result = await startCommand("/usr/bin/script", ["-qec", line, "/dev/null"], {
    cwd: folder,
    stdin: `${answer}\n`,
  }).ended;
  expect(result.stdout).toContain("Drop 1 batch, 40 events? Type yes:");
  expect(result.stdout).toContain(said);
  expect(result.code).toBe(code);
  expect(await json("dlq list")).toMatchObject({ groups: { length: code } });
});

test.runIf(hasScript)("a drop with --json that is not confirmed leaves stdout empty", async () => {
  const { folder } = await held(40);
  const drop = [process.execPath, relayMain, "dlq drop --queue deadletter --json > out.txt"].join(" ");
  const result = await startCommand("/usr/bin/script", ["-qec", drop, "/dev/null"], { cwd: folder, stdin: "no\n" })
    .ended;
  expect(result.stdout).toContain("Nothing was dropped.");
  expect(result.code).toBe(1);
  expect(await readFile(join(folder, "out.txt"), "utf8")).toBe("");
});

test("what there is not is said: an id, a workspace, an archive", async () => {
  const { run } = await aWorkspace();
  expect(await run("dlq show q-none")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no entry q-none") as string,
  });
  expect(await run("dlq show x")).toMatchObject({ code: 64 });
  expect(await run("dlq list --workspace nobody")).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('no workspace "nobody"') as string,
  });
  expect(await run("dlq replay --from-archive ./nowhere")).toMatchObject({ code: 66 });
  expect(await run("dlq list")).toMatchObject({ code: 0, stdout: "Nothing is held or set aside.\n" });
});
