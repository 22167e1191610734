import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterEach, expect, test, vi } from "vitest";
import { type RedisServer, RedisServerMissing, startRedisServer } from "./redis-server.ts";

const servers: RedisServer[] = [];
const start = async (...options: Parameters<typeof startRedisServer>): Promise<RedisServer> => {
  const server = await startRedisServer(...options);
  servers.push(server);
  return server;
};
const ask = async <T>(server: RedisServer, question: (redis: Redis) => Promise<T>): Promise<T> => {
  const redis = new Redis(server.url);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
};
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  vi.unstubAllEnvs();
});

test("the server syncs every write to disk, evicts nothing, and writes its file anew when that is worth its while", async () => {
  const server = await start({ maxmemory: "50mb" });
  const asked = ["appendonly", "appendfsync", "auto-aof-rewrite-min-size", "save", "maxmemory-policy", "maxmemory"];
  const answer = await ask(server, (redis) => redis.config("GET", ...asked));
  const settings = new Map(answer.map((name, at) => [name, answer[at + 1]]));
  expect(asked.map((name) => settings.get(name))).toEqual([
    "yes",
    "always",
    String(256 * 1024 * 1024),
    "",
    "noeviction",
    String(50 * 1024 * 1024),
  ]);
});

test("what was written before a kill -9 is there after the restart, on the same port", async () => {
  const server = await start();
  await ask(server, (redis) => redis.set("kept", "yes"));
  const killed = server.pid;
  await server.kill9();
  expect(isAlive(killed)).toBe(false);
  await server.restart();
  expect(server.pid).not.toBe(killed);
  expect(await ask(server, (redis) => redis.get("kept"))).toBe("yes");
});

test("a temporary directory goes with the server, a given one stays", async () => {
  const given = await mkdtemp(join(tmpdir(), "relay-given-"));
  const [temporary, own] = [await start(), await start({ dir: given })];
  await Promise.all([temporary.stop(), own.stop()]);
  expect(existsSync(temporary.dir)).toBe(false);
  expect(existsSync(given)).toBe(true);
  await rm(given, { recursive: true });
});

test("stopping twice, or after a kill, is no error", async () => {
  const server = await start();
  await server.kill9();
  await server.stop();
  await server.stop();
});

test("a named port that is taken is refused with the server's own words", async () => {
  const first = await start();
  await expect(startRedisServer({ port: first.port })).rejects.toThrow(/address already in use/i);
  expect(await ask(first, (redis) => redis.ping())).toBe("PONG");
});

test("without a server on PATH the error says what to do", async () => {
  vi.stubEnv("PATH", "/nowhere");
  await expect(startRedisServer()).rejects.toBeInstanceOf(RedisServerMissing);
});

test("kill -9 of the process that started it ends the server too", async () => {
  const program = `import { startRedisServer } from ${JSON.stringify(import.meta.resolve("./redis-server.ts"))};
    const server = await startRedisServer(); console.log(server.url, server.dir); setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(owner.stdout, "data")) as [Buffer]; // a stream without encoding gives Buffers
  const [url = "", dir = ""] = line.toString().trim().split(" ");
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  await redis.connect();
  owner.kill("SIGKILL");
  await once(redis, "end");
  await rm(dir, { recursive: true, force: true });
});

test("a server that nobody stopped does not keep its process alive", async () => {
  const program = `import { startRedisServer } from ${JSON.stringify(import.meta.resolve("./redis-server.ts"))};
    const server = await startRedisServer(); console.log(server.dir);`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [[line], [code]] = (await Promise.all([once(owner.stdout, "data"), once(owner, "exit")])) as [
    [Buffer],
    [number],
  ]; // as Node emits them
  expect(code).toBe(0);
  await rm(line.toString().trim(), { recursive: true, force: true });
});
