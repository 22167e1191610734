import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { Redis } from "ioredis";
import { afterAll, beforeAll } from "vitest";

interface SegmentAndRedis {
  segment: SegmentSim;
  redis: RedisServer;
  client: Redis;
}

/** A stand-in for Segment, and a Redis with somebody who looks into it, for all tests of a file. */
export const useSegmentAndRedis = (): SegmentAndRedis => {
  const at = {} as SegmentAndRedis; // filled before the first test begins
  beforeAll(async () => {
    [at.segment, at.redis] = await Promise.all([startSegmentSim(), startRedisServer({ aof: "no" })]);
    at.client = new Redis(at.redis.url);
  });
  afterAll(async () => {
    at.client.disconnect();
    await Promise.all([at.segment.stop(), at.redis.stop()]);
  });
  return at;
};
