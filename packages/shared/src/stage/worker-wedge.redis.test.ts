import { Queue, Worker } from "bullmq";
import { expect, onTestFinished, test } from "vitest";
import { keyPrefix, queueName } from "../core/keys.ts";
import { useRedis } from "../testing/redis-server.ts";
import { watchForWedge } from "./worker-wedge.ts";

const used = useRedis();
const name = queueName("transform", "acme");

const aWatchedWorker = (worker: { inHand: () => number; taken: () => number }) => {
  const redis = used.connect();
  const queue = new Queue(name, { connection: redis, prefix: keyPrefix });
  const said: string[] = [];
  const say = (_: unknown, message?: string) => void said.push(String(message).split(":")[0] ?? "");
  const watch = watchForWedge({
    redis,
    workspace: "acme",
    kind: "transform",
    worker,
    // Pino's overloads, of which the watch uses one.
    log: { error: say, info: say } as Parameters<typeof watchForWedge>[0]["log"],
    everyMs: 3_600_000,
  });
  onTestFinished(async () => {
    watch.stop();
    await queue.close();
  });
  const lookThrice = async () => {
    for (let looks = 0; looks < 3; looks += 1) await watch.look();
    return watch.isWedged();
  };
  return { queue, watch, lookThrice, said, redis };
};

const idle = { inHand: () => 0, taken: () => 0 };

test("a worker that leaves waiting jobs alone is wedged after the third look, and says so once", async () => {
  const { queue, watch, lookThrice, said } = aWatchedWorker(idle);
  await queue.add("job", {});
  await watch.look();
  await watch.look();
  expect(watch.isWedged()).toBe(false);
  expect(await lookThrice()).toBe(true);
  expect(said).toEqual(["worker.wedged"]);
});

test("an idle worker without work is well", async () => {
  const { lookThrice } = aWatchedWorker(idle);
  expect(await lookThrice()).toBe(false);
});

test("a worker with a job in hand, or one that takes jobs between the looks, is well", async () => {
  let taken = 0;
  for (const worker of [
    { inHand: () => 1, taken: () => 0 },
    { inHand: () => 0, taken: () => (taken += 1) },
  ]) {
    const { queue, lookThrice } = aWatchedWorker(worker);
    await queue.add("job", {});
    expect(await lookThrice()).toBe(false);
  }
});

test("a queue that is told to wait, or is paused, wedges nobody", async () => {
  const { queue, lookThrice } = aWatchedWorker(idle);
  await queue.add("job", {});
  await queue.rateLimit(60_000);
  expect(await lookThrice()).toBe(false);
  await queue.removeRateLimitKey();
  await queue.pause();
  expect(await lookThrice()).toBe(false);
});

test("a worker that fetches again is well again", async () => {
  let taken = 0;
  const { queue, watch, lookThrice, said, redis } = aWatchedWorker({ inHand: () => 0, taken: () => taken });
  await queue.add("job", {});
  expect(await lookThrice()).toBe(true);
  const done = Promise.withResolvers<void>();
  const worker = new Worker(name, async () => void (taken += 1), { connection: redis, prefix: keyPrefix });
  worker.on("completed", () => done.resolve());
  await done.promise;
  await worker.close();
  await watch.look();
  expect(watch.isWedged()).toBe(false);
  expect(said).toEqual(["worker.wedged", "worker.unwedged"]);
});
