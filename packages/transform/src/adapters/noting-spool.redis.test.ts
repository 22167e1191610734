import { deliverJobId, type FileId, transformJobId } from "@currents-relay/shared/core/ids.ts";
import { jobKey } from "@currents-relay/shared/core/keys.ts";
import { batchesOf } from "@currents-relay/shared/queues/batch-notes.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { openWorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, test } from "vitest";
import { notingSpool } from "./noting-spool.ts";

const server = useRedis();
const chunk = transformJobId("0123" as FileId, 7, 1_500); // a test's own file
const batch = deliverJobId(chunk, "0000000a", 0);

const aRoom = () => {
  const redis = server.connect();
  const queues = openWorkspaceQueues(redis, "acme");
  const handOver = handOverTo<object>("deliver", notingSpool(redis, "acme", redisSpool(redis, "acme")), queues);
  const handOverBatch = () => handOver([{ id: batch, payload: Buffer.from("call"), events: 1, data: {} }]);
  const hasJob = async () => (await queues.open("deliver").getJob(batch)) !== undefined;
  return { redis, queues, handOverBatch, hasJob };
};

test("a batch that is handed over is noted in its chunk's job", async () => {
  const { redis, queues, handOverBatch, hasJob } = aRoom();
  await queues.add("transform", [{ id: chunk, data: {} }]);
  await handOverBatch();
  expect(await batchesOf(redis, "acme", chunk)).toEqual([batch]);
  expect(await hasJob()).toBe(true);
  await queues.close();
});

test("a batch that cannot be noted gets no job", async () => {
  const { redis, queues, handOverBatch, hasJob } = aRoom();
  await redis.set(jobKey("transform", "acme", chunk), "no job"); // a key of another type takes no note
  await expect(handOverBatch()).rejects.toThrow("WRONGTYPE");
  expect(await hasJob()).toBe(false);
  await queues.close();
});
