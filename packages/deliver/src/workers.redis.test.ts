import type { SegmentConfig } from "@currents-relay/shared/config/schema.ts";
import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import { halfJobId, type JobId } from "@currents-relay/shared/core/ids.ts";
import { jobKey } from "@currents-relay/shared/core/keys.ts";
import { openPagePool } from "@currents-relay/shared/core/pages.ts";
import { ok } from "@currents-relay/shared/core/outcome.ts";
import { createMetrics } from "@currents-relay/shared/runtime/metrics.ts";
import { openWorkspaceTools, type WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { eventually } from "@currents-relay/shared/testing/eventually.ts";
import { gatheringLog } from "@currents-relay/shared/testing/gathering-log.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import type { Clearance } from "./core/outage-clearance.ts";
import type { EndByAge } from "./end-by-age.ts";
import { type DeliverWorkerOptions, startDeadLetterWorker } from "./workers.ts";

const server = useRedis();
beforeEach(() => server.connect().flushall());

const id = "d-file-0-3-00000000-0" as JobId;
const data: DeadLetterJob = {
  v: 1,
  connector: "engagement",
  calls: 3,
  bytes: 9,
  landedAtMs: 1,
  origin: { uri: "file:///a.avro", blockOffset: 7 },
  heldAtMs: 1,
  heldFor: "unauthorized",
};

/** The worker of one dead letter that is over its time, under an outage that gives this clearance. */
const startHeld = async (clearance: Clearance, before: (tools: WorkspaceTools) => Promise<unknown> = async () => 0) => {
  const redis = server.connect();
  const log = gatheringLog([]);
  const context = { redis, log, metrics: createMetrics() };
  const tools = openWorkspaceTools(context, "acme");
  await tools.spool.put([{ id, kind: "deadletter", payload: Buffer.from("a\nb\nc"), events: 3 }]);
  await tools.queues.add("deadletter", [{ id, data }]);
  await before(tools);
  const pass = vi.fn<() => Promise<{ kind: "hold"; reason: "unauthorized" }>>(async () => ({
    kind: "hold",
    reason: "unauthorized",
  }));
  const ports: Partial<DeliverWorkerOptions["ports"]> = {
    openPages: openPagePool(1),
    readBatch: async () => ({ calls: Buffer.from("a\nb\nc"), count: 3 }),
    takeRate: async () => undefined,
    outage: { look: () => clearance, pass, settle: async () => undefined, giveBack: async () => undefined },
  };
  const end = vi.fn<EndByAge>(async () => ok({ in: 3, "dropped:expired": 3 }));
  const worker = startDeadLetterWorker({
    context,
    name: "acme",
    log,
    tools,
    segment: { requestTimeoutMs: 1_000 } as SegmentConfig, // all that it looks at
    deadLetters: { hold: async () => undefined, oldestHeldMs: async () => undefined },
    ports: ports as DeliverWorkerOptions["ports"], // nothing is sent
    end,
  });
  onTestFinished(async () => {
    await worker.drain(AbortSignal.abort());
    await tools.queues.close();
  });
  return { end, pass, tools };
};

test("a dead letter that is over its time ends by it while nothing may be sent", async () => {
  const { end } = await startHeld({ kind: "hold", reason: "unauthorized" });
  await eventually(() => expect(end).toHaveBeenCalled());
});

test("and not once a replay has begun, while the trial is another batch's", async () => {
  const { end, pass } = await startHeld({ kind: "try", otherwise: "unauthorized" });
  await eventually(() => expect(pass.mock.calls.length).toBeGreaterThan(1));
  expect(end).not.toHaveBeenCalled();
});

test("a batch that a killed run had split is not sent: its other half is handed over, and it ends", async () => {
  const { tools } = await startHeld({ kind: "send" }, async ({ queues }) => {
    await queues.add("deadletter", [{ id: halfJobId(id, "a"), data: { ...data, calls: 1 } }]);
    await server.connect().hset(jobKey("deadletter", "acme", id), "ats", 1);
  });
  const queue = tools.queues.open("deadletter");
  await eventually(async () => expect(await queue.getJob(halfJobId(id, "b"))).toBeDefined());
  await eventually(async () => expect((await queue.getJob(id))?.returnvalue).toEqual({}));
});
