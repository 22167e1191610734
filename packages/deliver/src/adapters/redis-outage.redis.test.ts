import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { describe, expect, it } from "vitest";
import { keyChanged, known, outagesConformance, refused } from "./redis-outage-conformance.ts";
import { outageKey } from "@currents-relay/shared/core/keys.ts";
import { redisOutages } from "./redis-outage.ts";

const redis = useRedis({ aof: "always" });

describe("the outage in Redis", () => {
  outagesConformance((pods) => Array.from({ length: pods }, () => redisOutages(redis.connect(), "acme")));

  it("keeps workspaces apart", async () => {
    const client = redis.connect();
    await redisOutages(client, "acme").report(keyChanged);
    expect((await redisOutages(client, "other").read()).keyFingerprint).toBe("");
  });

  it("is one small string", async () => {
    const client = redis.connect();
    for (const event of [keyChanged, known(10), refused(20)]) await redisOutages(client, "acme").report(event);
    expect(await client.type(outageKey("acme"))).toBe("string");
    expect(await client.strlen(outageKey("acme"))).toBeLessThan(1_000);
  });

  it("survives the end of every process and of Redis", async () => {
    for (const event of [keyChanged, known(10), refused(20)]) await redisOutages(redis.connect(), "acme").report(event);
    await redis.server().kill9();
    await redis.server().restart();
    const client = redis.connect();
    const state = await redisOutages(client, "acme").read();
    expect(state).toMatchObject({ kind: "holding", outage: { openedMs: 20, told: ["opened"] } });
    expect((await redisOutages(client, "acme").report(refused(30))).effects).toEqual([]);
  });
});
