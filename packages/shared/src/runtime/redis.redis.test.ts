import { afterEach, expect, test } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { Secret } from "../config/secret.ts";
import { connectRedis, faultOfPlace, unsafeSettings } from "./redis.ts";
import { startRedisServer } from "./redis-server.ts";

const server = useRedis({ aof: "always" });
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const connect = (logged: string[] = [], url = server.url()) => {
  const redis = connectRedis(url, gatheringLog(logged));
  closing.push(() => redis.disconnect());
  return redis;
};

test("a Redis with an append-only file that evicts nothing is safe", async () => {
  expect(await unsafeSettings(connect())).toEqual([]);
});

test("a Redis that may lose or evict is unsafe, and each fault says what to do", async () => {
  const unsafe = await startRedisServer({ aof: "no", args: ["--maxmemory-policy", "allkeys-lru"] });
  closing.push(() => unsafe.stop());
  expect(await unsafeSettings(connect([], unsafe.url))).toEqual([
    "maxmemory-policy is allkeys-lru: Redis may throw events away; set it to noeviction",
    "the append-only file is off: a restart of Redis loses events; set appendonly to yes",
  ]);
});

test.each([
  ["6.2.14", ["version 6.2.14; version 7 or newer is needed"]],
  ["10.0.1", []],
])("of version %s it is said: %j", async (version, faults) => {
  const redis = connect();
  // No server of that version is at hand; all else is what this one says.
  const info = (await redis.info()).replace(/^redis_version:.*$/m, `redis_version:${version}\r`);
  expect(await unsafeSettings(Object.assign(Object.create(redis), { info: () => Promise.resolve(info) }))).toEqual(
    faults,
  );
});

test("settings that a managed Redis does not show are not judged", async () => {
  const redis = connect();
  const info = "# Server\r\nos:Linux\r\n";
  expect(await unsafeSettings(Object.assign(Object.create(redis), { info: () => Promise.resolve(info) }))).toEqual([]);
});

test("a Redis that a script can write to is a place for events, and the trial goes by itself", async () => {
  const redis = connect();
  expect(await faultOfPlace(redis)).toBeUndefined();
  expect(await redis.ttl("relay:writable")).toBeGreaterThan(0);
});

test.each([
  [
    "a node of a cluster",
    ["--cluster-enabled", "yes"],
    { kind: "cluster", message: /^it is a node of a Redis Cluster/ },
  ],
  ["a replica", ["--replicaof", "127.0.0.1", "1"], { kind: "replica", message: /name its primary$/ }],
  ["a full one", ["--maxmemory", "1"], { kind: "refused", message: /^it cannot be written: OOM / }],
  [
    "one without scripts",
    ["--user", "default", "on", "nopass", "~*", "+@all", "-@scripting"],
    { kind: "no-rights", message: /NOPERM / },
  ],
  [
    "one without writes",
    ["--user", "default", "on", "nopass", "~*", "+@all", "-set"],
    { kind: "no-rights", message: /run scripts$/ },
  ],
])("%s is no place for events, and it is said why", async (_, args, { kind, message }) => {
  const other = await startRedisServer({ aof: "no", args });
  closing.push(() => other.stop());
  expect(await faultOfPlace(connect([], other.url))).toEqual({ kind, message: expect.stringMatching(message) });
});

test("commands wait while Redis is away, and it is said once that it is gone and once that it is back", async () => {
  const logged: string[] = [];
  const redis = connect(logged);
  await redis.set("a", "b");
  await server.server().kill9();
  const answer = redis.get("a");
  let failures = 0;
  redis.on("error", () => (failures += 1));
  await eventually(() => expect(failures).toBeGreaterThan(2));
  await server.server().restart();
  expect(await answer).toBe("b");
  expect(logged).toEqual(["redis.unreachable", "redis.reachable"]);
});

test("a primary that became a replica is left for the one that the address leads to by then", async () => {
  const redis = connect();
  await redis.ping();
  const by = connect();
  await by.replicaof("127.0.0.1", 1);
  closing.push(() => by.replicaof("NO", "ONE"));
  // The next connection meets a primary again, as behind an address that was moved.
  redis.once("close", () => void by.replicaof("NO", "ONE"));
  expect(await redis.set("a", "b")).toBe("OK");
});

test("what is no address is refused, and no other Redis taken in its place", () => {
  // As when a secret comes without being revealed: what is text to the compiler need not be.
  const address = new Secret(server.url()) as unknown as string;
  expect(() => connectRedis(address, gatheringLog([]))).toThrow(/Invalid URL/);
});
