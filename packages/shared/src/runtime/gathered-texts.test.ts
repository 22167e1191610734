import { expect, test, vi } from "vitest";
import { gatheredTexts } from "./gathered-texts.ts";

const aRedis = (texts: Record<string, string>) => ({
  mget: vi.fn<(keys: string[]) => Promise<(string | null)[]>>((keys) =>
    Promise.resolve(keys.map((key) => texts[key] ?? null)),
  ),
});
// Redis' own type has many ways to call it, of which one is used.
const reading = (redis: ReturnType<typeof aRedis>) => gatheredTexts(redis as never);

test("what is asked for at about the same time is read by one command, and each gets its own", async () => {
  const redis = aRedis({ a: "1", b: "2" });
  const read = reading(redis);
  expect(await Promise.all([read("a"), read("none"), read("b"), read("a")])).toEqual(["1", undefined, "2", "1"]);
  expect(redis.mget).toHaveBeenCalledExactlyOnceWith(["a", "none", "b", "a"]);
  expect(await read("b")).toBe("2");
  expect(redis.mget).toHaveBeenCalledTimes(2);
});
