import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { describe, expect, it } from "vitest";
import { checkLeasesConformance } from "./credential-watch-lease-conformance.ts";
import { redisCheckLeases } from "./credential-watch-lease.ts";

const redis = useRedis();

describe("the turns to ask, in Redis", () => {
  checkLeasesConformance((pods) => Array.from({ length: pods }, () => redisCheckLeases(redis.connect(), "acme")));

  it("are each workspace's own", async () => {
    const client = redis.connect();
    await redisCheckLeases(client, "acme").take("key-1", 60_000);
    expect(await redisCheckLeases(client, "other").take("key-1", 60_000)).toEqual({ taken: true });
  });

  it("leave nothing in Redis that does not end by itself", async () => {
    const client = redis.connect();
    const leases = redisCheckLeases(client, "acme");
    await leases.take("key-1", 60_000);
    await leases.answered("key-2", 60_000);
    for (const key of await client.keys("*")) expect(await client.pttl(key)).toBeGreaterThan(0);
  });
});
