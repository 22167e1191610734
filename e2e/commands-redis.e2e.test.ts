import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { aConfig, aFolder, relayMain, runRelay, startCommand, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

let segment: SegmentSim;
beforeAll(async () => {
  segment = await startSegmentSim();
});
beforeEach(() => segment.control({ reset: true, rules: [] }));
afterAll(() => segment.stop());

/** A folder with files and a relay.yaml that names no Redis. */
const aSource = async (events = 100) => {
  const folder = await aFolder({ "relay.yaml": aConfig({ segment: segment.url }) });
  await makeCurrents({ into: join(folder, "currents"), events, eventTypes: ["users.messages.email.Open"] });
  return folder;
};

const which = (program: string): string =>
  execFileSync("/bin/sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();

test("without a Redis it runs its own beside the configuration, and remembers there what it has taken", async () => {
  const folder = await aSource();
  const run = async () => (await runRelay(["start", "--once"], { cwd: folder })).stdout;
  expect(await run()).toContain('"delivered":100,');
  expect(existsSync(join(folder, ".relay/redis/appendonlydir"))).toBe(true);
  expect(await run()).toContain('"in":0,"delivered":0,');
  expect(segment.stats()).toMatchObject({ accepted: 100, repeats: 0 });
});

/** As `relay status` says; undefined when it finds no Redis. */
const deliveredIn = async (folder: string): Promise<number | undefined> => {
  const { code, stdout } = await runRelay(["status", "--json"], { cwd: folder });
  return code === 0 ? Number(/"delivered":(\d+)/.exec(stdout)?.[1]) : undefined;
};

test("while it runs, status finds its Redis, and a second start beside it is refused; afterwards there is none", async () => {
  const folder = await aSource();
  const relay = startRelayCommand(["start"], { cwd: folder });
  await until("status has counted all", async () => (await deliveredIn(folder)) === 100);
  const second = await runRelay(["start", "--once"], { cwd: folder });
  expect(second).toMatchObject({ code: 69, stdout: "" });
  expect(second.stderr).toContain("Another `relay start` is running here");
  relay.signal("SIGTERM");
  expect((await relay.ended).code).toBe(0);
  const status = await runRelay(["status"], { cwd: folder });
  expect(status).toMatchObject({ code: 69, stdout: "" });
  expect(status.stderr).toContain("There is no Redis to ask");
});

test("after kill -9 its Redis goes too, and the next start takes over the data", async () => {
  const folder = await aSource();
  const relay = startRelayCommand(["start"], { cwd: folder });
  await until("all are delivered", async () => (await deliveredIn(folder)) === 100);
  relay.signal("SIGKILL");
  await relay.ended;
  await until("its Redis has gone", async () => (await deliveredIn(folder)) === undefined);
  const next = await runRelay(["start", "--once"], { cwd: folder });
  expect(next.stdout).toContain('"in":0,"delivered":0,');
  expect(segment.stats()).toMatchObject({ accepted: 100, repeats: 0 });
});

/** A folder of programs to be the whole PATH, so that nothing of this machine's is found. */
const aPath = async (programs: Record<string, string>): Promise<string> => {
  const folder = await aFolder(programs);
  for (const name of Object.keys(programs)) await chmod(join(folder, name), 0o755);
  return folder;
};

test("with no redis-server and no apt-get, the two ways out are told", async () => {
  const folder = await aSource(1);
  const env = { PATH: await aPath({}) };
  const { code, stdout, stderr } = await runRelay(["start", "--once"], { cwd: folder, env });
  expect({ code, stdout }).toEqual({ code: 69, stdout: "" });
  expect(stderr).toContain("Redis is missing: neither redis-server nor valkey-server is on PATH. Two ways out:");
  expect(stderr).toContain("sudo apt-get install redis-server");
  expect(stderr).toContain("docker compose up");
});

const isRoot = process.getuid?.() === 0;

test.runIf(isRoot)("as root with apt-get, redis-server is installed, and the run goes on", async () => {
  const folder = await aSource();
  const path = await aPath({
    "apt-get": `#!/bin/sh
echo "$@" >> "$0.log"
[ "$1" != install ] || /bin/ln -s ${which("redis-server")} "\${0%/*}/redis-server"
`,
  });
  const { code, stdout, stderr } = await runRelay(["start", "--once"], { cwd: folder, env: { PATH: path } });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('"delivered":100');
  expect(stderr).toContain("redis-server is not installed; installing it with apt-get");
  expect(await readFile(join(path, "apt-get.log"), "utf8")).toBe(
    "--version\nupdate\ninstall --yes --no-install-recommends redis-server\n",
  );
});

test.runIf(isRoot)("an installation that fails ends it with the words of apt-get", async () => {
  const folder = await aSource(1);
  const path = await aPath({
    "apt-get": '#!/bin/sh\n[ "$1" = --version ] || { echo "E: no network" >&2; exit 100; }\n',
  });
  const { code, stderr } = await runRelay(["start", "--once"], { cwd: folder, env: { PATH: path } });
  expect(code).toBe(69);
  expect(stderr).toContain("could not be installed with apt-get; install it by hand");
  expect(stderr).toContain("E: no network");
});

test("in a folder without relay.yaml, start runs the example: every event arrives once, and it ends by itself", async () => {
  const folder = await aFolder();
  const { code, stdout, stderr } = await runRelay(["start"], { cwd: folder });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("Every event that had to arrive did, exactly once");
  for (const name of ["currents", "relay.yaml", "received.ndjson"])
    expect(existsSync(join(folder, ".relay/example", name)), name).toBe(true);
  const config = await runRelay(["check", "--config", ".relay/example/relay.yaml"], { cwd: folder });
  expect(config.code).toBe(0);
});

const hasScript = existsSync("/usr/bin/script") && process.platform === "linux";
const inTerminal = (args: string[], cwd: string) =>
  startCommand("/usr/bin/script", ["-qec", [process.execPath, relayMain, ...args].join(" "), "/dev/null"], { cwd });

test.runIf(hasScript)("on a terminal, --once shows one line that changes", async () => {
  const folder = await aSource(2_000);
  segment.control({ rules: [{ match: { route: "batch" }, then: { delayMs: 700 } }] });
  const { stdout } = await inTerminal(["start", "--once"], folder).ended;
  const shown = stdout.split("\r\u001b[2K");
  expect(shown).toContainEqual(expect.stringMatching(/^\d s: [\d,]+ events\/s, .*2,000 events in/));
  expect(shown.at(-1)).toMatch(/^\{"files":.*"delivered":2000/);
  expect(stdout.split("\n")).toHaveLength(2);
});

test.runIf(hasScript)("on a terminal, start says what runs and where to look", async () => {
  const folder = await aSource();
  await writeFile(join(folder, "more.yaml"), aConfig({ segment: segment.url, path: "./nowhere" }));
  const relay = inTerminal(["start", "--config", "more.yaml"], folder);
  await until("it runs", () => relay.stdout().includes("Ctrl-C"));
  const text = relay.stdout();
  expect(text).toMatch(/Running with .*more\.yaml; a change to it takes effect at once\./);
  expect(text).toContain(`acme -> ${segment.url}, at most 100000 events/s`);
  expect(text).toMatch(/engagement: .*nowhere \(NOT THERE; make it, or correct the path\)/);
  expect(text).toMatch(/Redis 127\.0\.0\.1:\d+, status page http:\/\/127\.0\.0\.1:\d+\/ \(beside it \/livez, /);
  const page = /status page (http:\S+)/.exec(text)?.[1] ?? "";
  for (const path of ["", "livez"]) expect((await fetch(`${page}${path}`)).status).toBe(200);
});
