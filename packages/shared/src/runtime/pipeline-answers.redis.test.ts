import { expect, test } from "vitest";
import { useRedis } from "../testing/redis-server.ts";
import { answersOf } from "./pipeline-answers.ts";

const server = useRedis();

test("answers come in the order of the commands, and one that was refused is thrown", async () => {
  const redis = server.connect();
  await redis.set("text", "1");
  expect(await answersOf(redis.pipeline().get("text").get("none").llen("list"))).toEqual(["1", null, 0]);
  await expect(answersOf(redis.pipeline().get("text").llen("text"))).rejects.toThrow(/^WRONGTYPE /);
});
