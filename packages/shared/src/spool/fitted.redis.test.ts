import { expect, test } from "vitest";
import { useRedis } from "../testing/redis-server.ts";
import { fitted } from "./fitted.ts";

const server = useRedis();

/** By a script, as the spool writes: a command's own argument may lie in a larger buffer. */
const bytesOf = async (value: Buffer): Promise<number> => {
  if (value.length === 0) return 0;
  const redis = server.connect();
  await redis.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, "key", value);
  return Number(await redis.memory("USAGE", "key"));
};

test.each([1_000, 10_000, 41_003, 41_600, 47_000, 57_400, 66_000, 81_000, 99_999, 300_001, 1_100_000])(
  "%d bytes take two per cent more in Redis at most, and one more key at most",
  async (length) => {
    const bytes = Buffer.alloc(length, "some payload");
    const parts = fitted(bytes);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    const used = (await bytesOf(parts[0])) + (await bytesOf(parts[1]));
    expect(used).toBeLessThan(length * 1.02 + 700);
  },
);

test("what fits well as it is stays whole, whatever its size", () => {
  for (const length of [0, 1, 100, 511, 40_950, 40_500, 65_526])
    expect(fitted(Buffer.alloc(length))[1]).toHaveLength(0);
});
