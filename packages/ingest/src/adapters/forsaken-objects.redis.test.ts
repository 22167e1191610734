import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { openWorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { eventually } from "@currents-relay/shared/testing/eventually.ts";
import { gatheringLog } from "@currents-relay/shared/testing/gathering-log.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, test } from "vitest";
import { forgetForsaken } from "./forsaken-objects.ts";

const server = useRedis();
const aJob = (name: string, connector: string, more: Partial<IngestJob> = {}) => {
  const object = { key: name, uri: `file:///${name}`, version: "1", bytes: 1 };
  const data: IngestJob = { v: 1, connector, fileId: name, object, landedAtMs: 1, ...more };
  return { id: `i-${name}` as JobId, data }; // a test's own
};

test("unread objects of a removed connector leave the queue, and can be queued again when it comes back", async () => {
  const queues = openWorkspaceQueues(server.connect(), "acme");
  const ingest = queues.open("ingest");
  const waiting = async () =>
    (await ingest.getJobs(["waiting", "delayed"])).map(({ id = "" }) => id).toSorted((a, b) => (a < b ? -1 : 1));
  await queues.add("ingest", [
    aJob("kept", "engagement"),
    aJob("unread", "removed"),
    aJob("begun", "removed"),
    aJob("request", "removed", { requestEvents: 3 }),
  ]);
  const begun = await ingest.getJob("i-begun");
  await begun?.updateProgress({ stalls: 0, survivals: 0, value: { tally: {} } });
  const forsaken = forgetForsaken({
    queues,
    isConfigured: (connector) => connector === "engagement",
    log: gatheringLog([]),
    pausesMs: [0, 10, 10],
  });
  await eventually(async () => expect(await waiting()).toEqual(["i-begun", "i-kept", "i-request"]));
  forsaken.stop();
  await queues.add("ingest", [aJob("unread", "removed")]);
  expect(await waiting()).toContain("i-unread");
  await queues.close();
});
