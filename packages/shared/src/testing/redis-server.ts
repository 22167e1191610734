import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { type RedisServer, type RedisServerOptions, startRedisServer } from "../runtime/redis-server.ts";

export interface UsedRedis {
  /** The server of this test file; throws outside of tests and hooks. */
  server(): RedisServer;
  url(): string;
  /** A new connection, closed after the last test of the file. `maxRetriesPerRequest: null`, as BullMQ wants it. */
  connect(): Redis;
}

/**
 * Gives a test file a redis-server of its own: started before the first test, emptied before each, ended after the
 * last. Call it at the top of the file. AOF is off unless asked for: most tests do not kill the server.
 */
export const useRedis = (options: RedisServerOptions = {}): UsedRedis => {
  let running: RedisServer | undefined;
  const connections: Redis[] = [];
  const server = (): RedisServer => {
    if (running === undefined) throw new Error("useRedis: the server runs only inside of tests and hooks");
    return running;
  };
  const connect = (): Redis => {
    const connection = new Redis(server().url, { maxRetriesPerRequest: null });
    connections.push(connection);
    return connection;
  };
  let admin: Redis | undefined;
  beforeAll(async () => {
    running = await startRedisServer({ aof: "no", ...options });
    admin = connect();
  });
  beforeEach(async () => {
    await admin?.flushall();
  });
  afterAll(async () => {
    for (const connection of connections) connection.disconnect();
    await running?.stop();
  });
  return { server, url: () => server().url, connect };
};
