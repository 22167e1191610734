import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { createMetrics } from "@currents-relay/shared/runtime/metrics.ts";
import { openWorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { gatheringLog } from "@currents-relay/shared/testing/gathering-log.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { beforeEach, expect, test } from "vitest";
import { linesOf, readRequestBody } from "../core/request-body.ts";
import { acceptRequests } from "./http-accept.ts";

const server = useRedis();
let tools: ReturnType<typeof openWorkspaceTools>;
beforeEach(() => {
  tools = openWorkspaceTools({ redis: server.connect(), log: gatheringLog([]), metrics: createMetrics() }, "acme");
  return () => tools.queues.close();
});

const open = (connector = "engagement") => {
  const accept = acceptRequests({ workspace: "acme", connector }, tools);
  return (ids: readonly string[], nowMs = 1_000) => {
    const body = readRequestBody(Buffer.from(JSON.stringify({ events: ids.map((id) => ({ id })) })));
    if (body.kind !== "events") throw new Error("it has no events");
    return accept({ body, bytes: 10, nowMs }, new AbortController().signal);
  };
};

/** What waits for the ingest worker, oldest first. */
const waiting = async () => {
  const jobs = await tools.queues.open("ingest").getJobs(["waiting"], 0, -1, true);
  return Promise.all(
    jobs.map(async ({ id, data }) => {
      const payload = await tools.spool.read(id as JobId); // made above
      const ids = linesOf(payload ?? Buffer.alloc(0)).map((line) => (JSON.parse(line) as { id: string }).id);
      return { ids: ids.length > 9 ? ids.length : ids.join(" "), data: data as IngestJob };
    }),
  );
};

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => String(from + i));

test("what comes while a request is being stored becomes one job, with the lag of the oldest, each request once", async () => {
  const take = open();
  await Promise.all([take(["1", "2"]), take(["3"], 900), take(["4", "5"], 800), take(["3"], 950), take(["6"])]);
  const [alone, together, ...more] = await waiting();
  expect(alone).toMatchObject({ ids: "1 2", data: { requestEvents: 2, landedAtMs: 1_000, object: { bytes: 10 } } });
  expect(together).toMatchObject({
    ids: "3 4 5 6",
    data: { requestEvents: 4, landedAtMs: 800, object: { bytes: 40 } },
  });
  expect(more).toEqual([]);
});

test("the same requests together again, and one alone again, are the jobs that they were", async () => {
  const take = open();
  await Promise.all([take(["1"]), take(["2"]), take(["3"])]);
  await Promise.all([take(["1"]), take(["2"]), take(["3"])]);
  expect(await waiting()).toMatchObject([{ ids: "1" }, { ids: "2 3" }]);
});

test("so many are stored together as make one chunk; a larger one has a job of its own", async () => {
  const take = open();
  const large = numbers(1_600, 10_000);
  await Promise.all([take(["a"]), take(numbers(700)), take(numbers(700, 700)), take(["b"]), take(large), take(["c"])]);
  expect((await waiting()).map(({ ids }) => ids)).toEqual(["a", 1_401, 1_600, "c"]);
  await Promise.all([take(["d"]), take(["x".repeat(600_000)]), take(["y".repeat(600_000)])]);
  expect(await waiting()).toHaveLength(7);
});

test("requests of two connectors are never in one job", async () => {
  const [take, takeOther] = [open(), open("other")];
  await Promise.all([take(["1"]), takeOther(["2"]), take(["3"]), takeOther(["4"]), take(["5"]), takeOther(["6"])]);
  const jobs = (await waiting()).map(({ ids, data }) => `${data.connector}: ${ids}`);
  expect(jobs.toSorted()).toEqual(["engagement: 1", "engagement: 3 5", "other: 2", "other: 4 6"]);
});
