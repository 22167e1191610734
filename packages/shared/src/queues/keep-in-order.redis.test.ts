import { afterEach, beforeEach, expect, test } from "vitest";
import { ok } from "../core/outcome.ts";
import { eventually } from "../testing/eventually.ts";
import { useRedis } from "../testing/redis-server.ts";
import { handWorker } from "./testing/hand-worker.ts";
import { quickly } from "./testing/quickly.ts";
import { counted, type StageRig, stageRig, workspace } from "./testing/stage-rig.ts";
import { openWorkspaceQueues } from "./workspace-queues.ts";

const server = useRedis();
let rigs: StageRig[];
const rig = () => rigs[0] ?? stageRig(server.connect());
beforeEach(async () => {
  rigs = [1, 2, 3].map(() => stageRig(server.connect(), "deadletter"));
  const queues = openWorkspaceQueues(server.connect(), workspace);
  await queues.keepInOrder("deadletter");
  await queues.close();
});
afterEach(() => Promise.all(rigs.map((one) => one.close())));

const ids = Array.from({ length: 30 }, (_, n) => `d-a-${n}-0`);

/** Three processes at work; which jobs were begun, in order, and how many at most were in hand together. */
const workTogether = () => {
  const seen = { order: [] as string[], inHand: 0, most: 0 };
  for (const one of rigs)
    one.start({
      timing: quickly,
      handle: async ({ id }) => {
        seen.order.push(id);
        seen.inHand += 1;
        seen.most = Math.max(seen.most, seen.inHand);
        await new Promise((resolve) => setImmediate(resolve));
        seen.inHand -= 1;
        return ok(counted);
      },
    });
  return seen;
};

test("a queue that is kept in order has one job in hand over all processes, and they begin in order", async () => {
  await rig().add(ids);
  const seen = workTogether();
  await eventually(() => expect(seen.order).toHaveLength(ids.length));
  expect(seen).toMatchObject({ order: ids, most: 1 });
});

test("what a killed process had in hand comes before all that waits", async () => {
  await rig().add(ids);
  const killed = handWorker(server.connect(), "deadletter", workspace);
  const job = await killed.take();
  expect(job?.id).toBe(ids[0]);
  await killed.close();
  await rig().redis.del(`relay:deadletter-${workspace}:${ids[0]}:lock`); // as if its time were over
  const seen = workTogether();
  await eventually(() => expect(seen.order).toHaveLength(ids.length));
  expect(seen).toMatchObject({ order: ids, most: 1 });
});
