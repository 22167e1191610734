import type { Redis } from "ioredis";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { JobId } from "../core/ids.ts";
import { ok } from "../core/outcome.ts";
import { eventually } from "../testing/eventually.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { type Hands, openHands } from "./hands.ts";
import { type StageTiming, type StageWorker, startStageWorker } from "./stage-worker.ts";
import { counted } from "./testing/stage-rig.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "./workspace-queues.ts";

const server = useRedis();
let redis: Redis;
const opened: WorkspaceQueues[] = [];
const workers: StageWorker[] = [];
let ended: string[];
let inHand: number;
let mostInHand: number;
beforeEach(() => {
  redis = server.connect();
  [ended, inHand, mostInHand] = [[], 0, 0];
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.drain(AbortSignal.abort())));
  await Promise.all(opened.splice(0).map((queues) => queues.close()));
});

const addTo = async (workspace: string, jobs: number) => {
  const queues = openWorkspaceQueues(redis, workspace);
  opened.push(queues);
  const added = Array.from({ length: jobs }, (_, n) => ({ id: `t-${workspace}-${n}` as JobId, data: {} }));
  await queues.add("transform", added);
  return queues;
};

interface Started {
  hands: Hands;
  work?: () => Promise<unknown>;
  timing?: Partial<StageTiming>;
}

const start = (workspace: string, { hands, work, timing }: Started): StageWorker => {
  const worker = startStageWorker({
    workspace,
    kind: "transform",
    redis,
    log: gatheringLog([]),
    concurrency: 3,
    hands,
    retryWaitsFor: "job",
    ...(timing && { timing }),
    handle: async ({ id }) => {
      mostInHand = Math.max(mostInHand, (inHand += 1));
      await (work ?? (() => new Promise((resolve) => setTimeout(resolve, 5))))();
      inHand -= 1;
      ended.push(id);
      return ok(counted);
    },
    setAside: () => Promise.resolve({}),
    settle: () => Promise.resolve(),
  });
  workers.push(worker);
  return worker;
};

test("the workers of all workspaces together have no more jobs in hand than there are hands, and end all", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `w${index}`);
  for (const name of names) await addTo(name, 5);
  const hands = openHands(2);
  for (const name of names) start(name, { hands });
  await eventually(() => expect(ended).toHaveLength(100));
  expect(new Set(ended).size).toBe(100);
  expect(mostInHand).toBe(2);
});

test("a workspace with many jobs takes turns with the others", async () => {
  await addTo("flood", 60);
  await addTo("calm", 3);
  const hands = openHands(1);
  start("flood", { hands });
  await eventually(() => expect(ended.length).toBeGreaterThan(3));
  start("calm", { hands });
  await eventually(() => expect(ended).toHaveLength(63));
  const calm = ended.flatMap((id, place) => (id.includes("calm") ? [place] : []));
  expect((calm.at(-1) ?? 0) - (calm[0] ?? 0)).toBeLessThan(10);
});

test("what a worker in line would have taken stays in the queue, for other processes", async () => {
  const queues = await addTo("second", 2);
  await addTo("first", 1);
  const hands = openHands(1);
  const end = Promise.withResolvers<void>();
  start("first", { hands, work: () => end.promise });
  await eventually(() => expect(inHand).toBe(1));
  start("second", { hands });
  await eventually(() => expect(hands.spare()).toBe(-1));
  expect(await queues.open("transform").getWaitingCount()).toBe(2);
  end.resolve();
  await eventually(() => expect(ended).toHaveLength(3));
});

test("a worker in line is well, however long it waits, and drains at once", async () => {
  await addTo("first", 1);
  await addTo("second", 1);
  const hands = openHands(1);
  const end = Promise.withResolvers<void>();
  start("first", { hands, work: () => end.promise });
  await eventually(() => expect(inHand).toBe(1));
  const wedgedAfterMs = 50;
  const second = start("second", { hands, timing: { wedgedAfterMs } });
  await eventually(() => expect(hands.spare()).toBe(-1));
  const inLineMs = performance.now();
  await eventually(() => expect(performance.now() - inLineMs).toBeGreaterThan(3 * wedgedAfterMs));
  expect(second.isRunning()).toBe(true);
  const startedMs = performance.now();
  await second.drain(new AbortController().signal);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  end.resolve();
  await eventually(() => expect(hands.takeNow()).toBe(true));
});

test("at the end of a job the next one of its queue is not taken ahead of those in line", async () => {
  const queues = await addTo("first", 5);
  await addTo("second", 1);
  const hands = openHands(1);
  const [firstEnds, secondEnds] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const second = Promise.withResolvers<void>();
  start("first", { hands, work: () => firstEnds.promise });
  await eventually(() => expect(inHand).toBe(1));
  start("second", {
    hands,
    work: () => {
      second.resolve();
      return secondEnds.promise;
    },
  });
  await eventually(() => expect(hands.spare()).toBe(-2));
  firstEnds.resolve();
  await second.promise;
  await eventually(async () => expect(await queues.open("transform").getActiveCount()).toBe(0));
  secondEnds.resolve();
  await eventually(() => expect(ended).toHaveLength(6));
});

test("a hand is given back when Redis refuses to give a job", async () => {
  await addTo("first", 1);
  const by = server.connect();
  await by.config("SET", "maxmemory", 1);
  const hands = openHands(1);
  start("first", { hands });
  // Refused at least once: then it is tried again in pauses, in which the hand is free.
  await eventually(async () => expect(await by.info("errorstats")).toContain("errorstat_OOM"));
  await eventually(() => expect(hands.takeNow()).toBe(true));
  hands.give();
  await by.config("SET", "maxmemory", 0);
  await eventually(() => expect(ended).toHaveLength(1));
});
