import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runningEmbeddedRedis, startEmbeddedRedis } from "./embedded-redis.ts";

const aFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "relay-embedded-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "redis");
};

test("of several that start together one has a Redis on the data; when it has stopped, the next one may", async () => {
  const folder = aFolder();
  const starts = await Promise.allSettled([1, 2, 3].map(() => startEmbeddedRedis(folder)));
  const running = starts.filter((start) => start.status === "fulfilled").map(({ value }) => value);
  for (const server of running) onTestFinished(() => server.stop());
  expect(running.map(({ url }) => url)).toEqual([runningEmbeddedRedis(folder)]);
  for (const start of starts.filter(({ status }) => status === "rejected"))
    expect(start).toMatchObject({ reason: { exitCode: 69, message: expect.stringContaining("is running here") } });
  await running[0]?.stop();
  const next = await startEmbeddedRedis(folder);
  await next.stop();
});

test("a folder for the data that cannot be made is said, with 69", async () => {
  const folder = aFolder();
  writeFileSync(folder, "a file");
  await expect(startEmbeddedRedis(folder)).rejects.toMatchObject({
    exitCode: 69,
    message: expect.stringContaining("cannot be used: EEXIST"),
  });
});
