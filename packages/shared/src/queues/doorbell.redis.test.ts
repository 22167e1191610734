import type { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectRedis } from "../runtime/redis.ts";
import { eventually } from "../testing/eventually.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { type Doorbell, type Marker, openDoorbell, type Waiting } from "./doorbell.ts";
import { redisProxy } from "./testing/redis-proxy.ts";

const server = useRedis();
let by: Redis;
let redis: Redis;
let doorbell: Doorbell;
/** On a busy machine. Who is not in the question waits for its end, which is after 10 s. */
const atOnceMs = 5_000;
const waiting: Waiting[] = [];
/** Waits for a queue; leaves when the test is over. */
const waitFor = async (key: string, at = doorbell): Promise<Marker | undefined> => {
  const one = at.wait(key, 60_000);
  waiting.push(one);
  return one.marker.catch(() => undefined);
};
const leaveAll = () => {
  for (const one of waiting.splice(0)) one.leave(new Error("closing"));
};
beforeEach(() => {
  by = server.connect();
  redis = connectRedis(server.url(), gatheringLog([]));
  doorbell = openDoorbell(redis);
});
afterEach(() => {
  leaveAll();
  doorbell.close();
  redis.disconnect();
});

const blockedClients = async (): Promise<number> => Number(/blocked_clients:(\d+)/.exec(await by.info("clients"))?.[1]);
const untilAsking = () => eventually(async () => expect(await blockedClients()).toBe(1));
const mark = (key: string, score = 0) => by.zadd(key, score, "0");

test("the queue that is marked is woken with its marker, and the others wait on, all on one connection", async () => {
  const woken: [string, Marker | undefined][] = [];
  for (const key of ["a", "b", "c"]) void waitFor(key).then((marker) => woken.push([key, marker]));
  await untilAsking();
  await mark("b", 1_790_000_000_000);
  await eventually(() => expect(woken).toEqual([["b", { member: "0", score: 1_790_000_000_000 }]]));
  expect(await by.exists("b")).toBe(0);
  await mark("c");
  await eventually(() => expect(woken.map(([key]) => key)).toEqual(["b", "c"]));
  await untilAsking();
});

test("a queue that comes while the question is under way is in the next one, at once", async () => {
  void waitFor("a");
  const startedMs = performance.now();
  for (const key of ["b", "c", "d"]) {
    await untilAsking();
    const late = waitFor(key);
    await mark(key);
    expect(await late).toEqual({ member: "0", score: 0 });
  }
  expect(performance.now() - startedMs).toBeLessThan(atOnceMs);
});

test.each(["unblock", "id"])("without CLIENT %s a queue that comes late is woken all the same", async (command) => {
  await by.acl("SETUSER", "plain", "on", "nopass", "~*", "+@all", `-client|${command}`);
  await by.acl("LOG", "RESET");
  const plain = connectRedis(server.url().replace("redis://", "redis://plain:x@"), gatheringLog([]));
  const plainDoorbell = openDoorbell(plain);
  void waitFor("a", plainDoorbell);
  await untilAsking();
  const first = waitFor("b", plainDoorbell);
  await eventually(async () => expect(await by.acl("LOG")).not.toEqual([]));
  for (const key of ["a", "b"]) await mark(key);
  await first;
  void waitFor("a", plainDoorbell);
  await untilAsking();
  const startedMs = performance.now();
  const second = waitFor("c", plainDoorbell);
  await mark("c");
  await second;
  expect(performance.now() - startedMs).toBeLessThan(atOnceMs);
  leaveAll();
  plainDoorbell.close();
  plain.disconnect();
});

test("who comes when nobody waits is in the question from the start, which is not cut short for it", async () => {
  await by.config("RESETSTAT");
  for (let turn = 0; turn < 5; turn++) {
    const woken = waitFor("a");
    await untilAsking();
    await mark("a");
    await woken;
  }
  expect(await by.info("commandstats")).not.toContain("client|unblock");
});

test("who waits again, and is in the question already, does not cut it short", async () => {
  await by.config("RESETSTAT");
  void waitFor("b");
  for (let turn = 0; turn < 5; turn++) expect(await doorbell.wait("a", 30).marker).toBe(undefined);
  // Only the first time, when it came after the other.
  const cuts = /cmdstat_client\|unblock:calls=(\d+)/.exec(await by.info("commandstats"))?.[1] ?? "0";
  expect(Number(cuts)).toBeLessThanOrEqual(1);
});

test("two who wait for one queue are woken one after the other", async () => {
  const woken: string[] = [];
  void waitFor("a").then(() => woken.push("first"));
  void waitFor("a").then(() => woken.push("second"));
  await mark("a");
  await eventually(() => expect(woken).toEqual(["first"]));
  await mark("a");
  await eventually(() => expect(woken).toEqual(["first", "second"]));
});

test("the marker of a queue that nobody waits for any more is put back, for the other processes", async () => {
  const leaving = doorbell.wait("a", 60_000);
  void waitFor("b");
  await untilAsking();
  leaving.leave(new Error("closing"));
  await expect(leaving.marker).rejects.toThrow("closing");
  await mark("a", 7);
  await untilAsking();
  await eventually(async () => expect(await by.zscore("a", "0")).toBe("7"));
});

test("one whose time is over, or who is rung by hand, has no marker", async () => {
  const startedMs = performance.now();
  expect(await doorbell.wait("a", 60).marker).toBeUndefined();
  expect(performance.now() - startedMs).toBeGreaterThan(55);
  const rung = waitFor("b");
  doorbell.ring("b");
  doorbell.ring("nobody");
  expect(await rung).toBeUndefined();
});

test("a connection that is cut is made anew, and asks for all who wait by then", async () => {
  const first = waitFor("a");
  await untilAsking();
  await by.call("CLIENT", "KILL", "TYPE", "normal");
  await untilAsking();
  const startedMs = performance.now();
  const late = waitFor("b");
  await mark("b");
  await late;
  expect(performance.now() - startedMs).toBeLessThan(atOnceMs);
  await mark("a");
  expect(await first).toEqual({ member: "0", score: 0 });
});

test("a connection on which nothing comes back is given up after a while", async () => {
  const proxy = await redisProxy(Number(new URL(server.url()).port));
  const far = connectRedis(proxy.url, gatheringLog([]));
  const farDoorbell = openDoorbell(far, { askMs: 200, graceMs: 100 });
  const first = waitFor("a", farDoorbell);
  await untilAsking();
  const connectionId = async () =>
    /id=(\d+) [^\n]*name=relay:doorbell/.exec(String(await by.call("CLIENT", "LIST")))?.[1];
  const before = await connectionId();
  await proxy.holdAnswers().arrived;
  await eventually(async () => expect(await connectionId()).not.toBe(before));
  expect(farDoorbell.unansweredMs()).toBeGreaterThan(300);
  proxy.releaseAnswers();
  await mark("a");
  expect(await first).toEqual({ member: "0", score: 0 });
  leaveAll();
  farDoorbell.close();
  far.disconnect();
  await proxy.close();
});

test("closed, it has no connection; who waits again gets a new one", async () => {
  void waitFor("a");
  await untilAsking();
  leaveAll();
  doorbell.close();
  await eventually(async () => expect(await blockedClients()).toBe(0));
  const again = waitFor("a");
  await mark("a");
  await again;
});
