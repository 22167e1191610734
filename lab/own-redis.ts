import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";

const connectWithinMs = 30_000;
const lookEveryMs = 100;

/**
 * Waits until so many processes are connected to the lab's own Redis. Rejects when they are not: then they talk to
 * another one, and no file may land.
 */
export const untilConnected = async (connection: Redis, processes: number, signal: AbortSignal): Promise<void> => {
  const deadline = performance.now() + connectWithinMs;
  for (;;) {
    const clients = String(await connection.client("LIST"))
      .trim()
      .split("\n").length;
    if (clients > processes) return; // ours is one more
    if (performance.now() > deadline)
      throw new Error(
        `only ${clients - 1} connections of ${processes} stages reached the lab's Redis; nothing was fed`,
      );
    await delay(lookEveryMs, undefined, { signal });
  }
};
