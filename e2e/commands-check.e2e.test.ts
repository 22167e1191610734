import { startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { aConfig, aFolder, runRelay } from "./support/command-line.ts";

let segment: SegmentSim;
beforeAll(async () => {
  segment = await startSegmentSim({ script: { keys: ["acme-key"] } });
});
afterAll(() => segment.stop());

const check = async (files: Record<string, string>, args: string[] = [], env: Record<string, string> = {}) => {
  const folder = await aFolder(files);
  return { folder, ...(await runRelay(["check", ...args], { cwd: folder, env })) };
};

test("a good configuration is good, without a connection to anything", async () => {
  const { folder, ...result } = await check({ "relay.yaml": aConfig() });
  const stdout = `${join(folder, "relay.yaml")} is good: 1 workspace, 1 connector\n`;
  expect(result).toEqual({ code: 0, stdout, stderr: "" });
});

test("all faults are listed at once on stderr, and no secret with them", async () => {
  const text = aConfig({ writeKey: '"hunter2 hunter2"', more: ["dedup: { windw: 48h }", "expiry: { after: 48 }"] });
  const { code, stdout, stderr } = await check({ "relay.yaml": `${text}redis: { url: "\${NO_REDIS}" }\n` });
  expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
  expect(stderr.trimEnd().split("\n")).toEqual([
    "The configuration has 4 faults:",
    expect.stringMatching(/relay\.yaml:5 workspaces\.acme\.segment\.writeKey: is empty or has white space in it$/),
    expect.stringMatching(/relay\.yaml:6 workspaces\.acme\.dedup\.windw: .* did you mean window\?$/),
    expect.stringMatching(/relay\.yaml:7 workspaces\.acme\.expiry\.after: expected a duration .*; got 48$/),
    expect.stringMatching(/relay\.yaml:11 redis\.url: the environment variable NO_REDIS is not set$/),
  ]);
  expect(stderr).not.toContain("hunter2");
});

test("what is allowed and looks like a mistake is asked about", async () => {
  const text = `${aConfig().trimEnd()}\n        events: ["users.messages.email.Clik"]\n`;
  const { code, stderr } = await check({ "relay.yaml": text });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^Is this meant\? .*relay\.yaml:9 .*did you mean users\.messages\.email\.Click\?$/m);
});

test("--verify finds that Segment knows the key and that the folder has files", async () => {
  const files = {
    "relay.yaml": aConfig({ segment: segment.url }),
    "currents/a.avro": "12345",
    "currents/b/c.avro": "",
  };
  const { code, stdout, folder } = await check(files, ["--verify"]);
  expect(stdout.split("\n").slice(1)).toEqual([
    `ok     acme, write key: ${segment.url} knows it`,
    `ok     acme, connector engagement: ${folder}/currents can be listed and read`,
    "",
  ]);
  expect(code).toBe(0);
});

test("--verify finds a key that Segment does not know, and a folder that is not there", async () => {
  const text = aConfig({ segment: segment.url, writeKey: "wrong-key" });
  const { code, stdout } = await check({ "relay.yaml": text }, ["--verify"]);
  expect(stdout).toMatch(
    /^FAULT {2}acme, write key: .* does not know it; Segment would answer 200 .* throw them away$/m,
  );
  expect(stdout).toMatch(/^FAULT {2}acme, connector engagement: the folder .*currents cannot be listed: ENOENT/m);
  expect(stdout).not.toContain("wrong-key");
  expect(code).toBe(1);
});

test("--verify says so when Segment or Redis cannot be reached", async () => {
  const text = aConfig({ segment: "http://127.0.0.1:1", redis: "redis://:hunter2@127.0.0.1:1", path: "." });
  const { code, stdout, stderr } = await check({ "relay.yaml": text }, ["--verify"]);
  expect(stdout).toMatch(/^FAULT {2}redis: Redis at 127\.0\.0\.1:1 does not answer \(.*ECONNREFUSED/m);
  expect(stdout).toMatch(/^FAULT {2}acme, write key: http:\/\/127\.0\.0\.1:1 could not say: .*ECONNREFUSED/m);
  expect(stdout + stderr).not.toContain("hunter2");
  expect(code).toBe(1);
});

test("--verify looks at Redis as a stage would", async () => {
  const safe = await startRedisServer();
  const unsafe = await startRedisServer({ aof: "no" });
  onTestFinished(() => Promise.all([safe.stop(), unsafe.stop()]).then(() => undefined));
  const lineFor = async (redis: string) => {
    const config = aConfig({ redis, segment: segment.url, path: "." });
    const { stdout } = await check({ "relay.yaml": config }, ["--verify"]);
    return stdout.split("\n").find((line) => line.includes("redis"));
  };
  expect(await lineFor(safe.url)).toBe(`ok     redis: 127.0.0.1:${safe.port} answers`);
  expect(await lineFor(unsafe.url)).toMatch(/^FAULT {2}redis: .* answers; the append-only file is off/);
});

test("a replica, a node of a cluster and a user without rights are faults to --verify, and end start --once with 69", async () => {
  const [replica, cluster, poor] = await Promise.all([
    startRedisServer({ args: ["--replicaof", "127.0.0.1", "1"] }),
    startRedisServer({ args: ["--cluster-enabled", "yes"] }),
    startRedisServer({ args: ["--user", "default", "on", "nopass", "~*", "+ping", "+info", "+select", "+client"] }),
  ]);
  onTestFinished(() => Promise.all([replica.stop(), cluster.stop(), poor.stop()]).then(() => undefined));
  for (const [redis, verified, once] of [
    [replica.url, "answers; it is a replica", "cannot be used: it is a replica"],
    [cluster.url, "answers; it is a node of a Redis Cluster", "It is a node of a Redis Cluster"],
    [poor.url, "answers; it cannot be written: NOPERM", "Redis refuses: NOPERM"],
  ] as const) {
    const folder = await aFolder({ "relay.yaml": aConfig({ redis, segment: segment.url, path: "." }) });
    const checked = await runRelay(["check", "--verify"], { cwd: folder });
    expect(checked.stdout).toMatch(/^FAULT {2}redis: /m);
    expect(checked.stdout).toContain(verified);
    expect(checked.code).toBe(1);
    const ran = await runRelay(["start", "--once"], { cwd: folder });
    expect(ran).toMatchObject({ code: 69, stdout: "" });
    expect(ran.stderr).toContain(once);
    expect(ran.stderr).not.toContain("is a bug");
  }
});

test("a Redis that refuses ends status with 69 and its own words", async () => {
  const poor = await startRedisServer({
    args: ["--user", "default", "on", "nopass", "~*", "+ping", "+info", "+select", "+client"],
  });
  onTestFinished(() => poor.stop());
  const folder = await aFolder({ "relay.yaml": aConfig({ redis: poor.url, path: "." }) });
  const status = await runRelay(["status"], { cwd: folder });
  expect(status).toMatchObject({ code: 69, stdout: "" });
  expect(status.stderr).toMatch(/^Redis refuses: NOPERM .*\nNothing is lost; do the same again when it is well\.$/m);
});
