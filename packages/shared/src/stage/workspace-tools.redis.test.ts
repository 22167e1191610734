import { afterEach, beforeEach, expect, test } from "vitest";
import type { JobId } from "../core/ids.ts";
import { setWholeJobAside } from "../queues/set-aside.ts";
import { createMetrics, type Metrics } from "../runtime/metrics.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import { useRedis } from "../testing/redis-server.ts";
import { openWorkspaceTools, type WorkspaceTools } from "./workspace-tools.ts";

const server = useRedis();
const id = "t-file-0" as JobId;
let metrics: Metrics;
let tools: WorkspaceTools;
beforeEach(() => {
  metrics = createMetrics();
  tools = openWorkspaceTools({ redis: server.connect(), log: gatheringLog([]), metrics }, "acme");
});
afterEach(() => tools.queues.close());

const eventsCounted = async () =>
  (await metrics.events.get()).values.map(({ labels: { stage, outcome, reason }, value }) => [
    `${stage} ${outcome} ${reason}`.trim(),
    value,
  ]);

test("an end is counted once in this process's metrics, by outcome and reason, however often it is settled", async () => {
  await tools.queues.add("transform", [{ id, data: {} }]);
  const tally = { in: 3, ok: 1, "dropped:duplicate": 2 };
  await tools.settle("transform", "transform", id, tally);
  await tools.settle("transform", "transform", id, tally);
  expect(await eventsCounted()).toEqual([
    ["transform in", 3],
    ["transform ok", 1],
    ["transform dropped duplicate", 2],
  ]);
});

test("files are counted as files", async () => {
  await tools.queues.add("ingest", [{ id: "i-file" as JobId, data: {} }]);
  await tools.settle("ingest", "ingest", "i-file" as JobId, { "file:done": 1 });
  expect((await metrics.files.get()).values).toEqual([{ labels: { workspace: "acme", outcome: "done" }, value: 1 }]);
  expect(await eventsCounted()).toEqual([]);
});

test("a job that is set aside twice is in quarantine once, with its payload, its reason and where it came from", async () => {
  const job = {
    id,
    connector: "c",
    landedAtMs: 5,
    uri: "folder/a.avro",
    events: 3,
    payload: Buffer.from("chunk"),
    reread: undefined,
  };
  const why = { reason: "poison" as const, cause: new Error("failed 10 times") };
  expect(await setWholeJobAside(tools.toQuarantine, job, why)).toEqual({ in: 3, "quarantined:poison": 3 });
  await setWholeJobAside(tools.toQuarantine, job, why);
  const [found, ...others] = await tools.queues.open("quarantine").getWaiting();
  expect(others).toEqual([]);
  expect(found?.id).toBe("q-t-file-0-poison");
  expect(found?.data).toMatchObject({
    reason: "poison",
    detail: "failed 10 times",
    events: 3,
    from: id,
    origin: { uri: "folder/a.avro" },
  });
  expect(await tools.spool.read("q-t-file-0-poison" as JobId, "quarantine")).toEqual(Buffer.from("chunk"));
});
