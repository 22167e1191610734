import { expect, test } from "vitest";
import { useRedis } from "../testing/redis-server.ts";
import { noteSourceFault, readSourceFaults } from "./source-faults.ts";

const server = useRedis();
const connector = "engagement";

test("a source's fault keeps its beginning while it lasts, changes its words, and is gone when it is well", async () => {
  const redis = server.connect();
  await noteSourceFault(redis, "acme", { connector, why: "denied", nowMs: 10 });
  await noteSourceFault(redis, "acme", { connector, why: "not there", nowMs: 20 });
  await noteSourceFault(redis, "acme", { connector: "other", why: "denied", nowMs: 30 });
  expect(await readSourceFaults(redis, "acme")).toEqual([
    { connector, why: "not there", sinceMs: 10 },
    { connector: "other", why: "denied", sinceMs: 30 },
  ]);
  await noteSourceFault(redis, "acme", { connector, why: undefined, nowMs: 40 });
  await noteSourceFault(redis, "acme", { connector: "other", why: undefined, nowMs: 40 });
  expect(await readSourceFaults(redis, "acme")).toEqual([]);
});
