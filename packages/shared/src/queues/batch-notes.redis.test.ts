import { expect, test } from "vitest";
import { chunkOfBatch, deliverJobId, type FileId, transformJobId } from "../core/ids.ts";
import { useRedis } from "../testing/redis-server.ts";
import { batchesOf, noteBatches } from "./batch-notes.ts";
import { openWorkspaceQueues } from "./workspace-queues.ts";

const server = useRedis();
const chunk = transformJobId("0123" as FileId, 7, 1_500); // a test's own file
const [first, second, other] = ["0000000a", "0000000b", "0000000c"].map((of) => deliverJobId(chunk, of, 0));

test("all batches that a chunk came to are known, those of its earlier runs too", async () => {
  const redis = server.connect();
  const queues = openWorkspaceQueues(redis, "acme");
  await queues.add("transform", [{ id: chunk, data: {} }]);
  expect(await batchesOf(redis, "acme", chunk)).toEqual([]);
  await noteBatches(redis, "acme", { chunk, batches: [first!, second!] });
  await noteBatches(redis, "acme", { chunk, batches: [first!, other!] });
  expect(await batchesOf(redis, "acme", chunk)).toEqual([first, second, other]);
  expect((await queues.open("transform").getJob(chunk))?.data).toEqual({});
  await queues.close();
});

test("a chunk whose job is gone is not brought back by a note", async () => {
  const redis = server.connect();
  await noteBatches(redis, "acme", { chunk, batches: [first!] });
  expect(await redis.keys("*")).toEqual([]);
});

test("a batch's id says of which chunk it is", () => {
  expect(chunkOfBatch(deliverJobId(chunk, "0000000a", 12))).toBe(chunk);
});
