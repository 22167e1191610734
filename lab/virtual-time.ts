import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { jobKey, keyPrefix, outageKey, queueName } from "@currents-relay/shared/core/keys.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { Redis } from "ioredis";
import type { Lab } from "./scenario.ts";

export interface TimeTools {
  connection: Redis;
  workspaces: readonly string[];
  /** The configuration of the relay. */
  config: string;
  say: (what: string) => void;
}

const hourMs = 3_600_000;
const run = promisify(execFile);
const relay = join(import.meta.dirname, "../packages/cli/src/main.ts");

/** Every time in it (UNIX ms, by the end of its name) so much earlier. */
export const madeOlder = (value: unknown, byMs: number): unknown => {
  if (Array.isArray(value)) return value.map((one) => madeOlder(one, byMs));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]: [string, unknown]) => [
      key,
      typeof one === "number" && key.endsWith("Ms") ? one - byMs : madeOlder(one, byMs),
    ]),
  );
};

const ageDeadLetters = async (connection: Redis, workspace: string, byMs: number): Promise<void> => {
  const queue = `${keyPrefix}:${queueName("deadletter", workspace)}`;
  const replies = await connection.multi().lrange(`${queue}:wait`, 0, -1).lrange(`${queue}:active`, 0, -1).exec();
  for (const id of (replies ?? []).flatMap(([, list]) => list as JobId[])) {
    const key = jobKey("deadletter", workspace, id);
    const data = await connection.hget(key, "data");
    if (data !== null) await connection.hset(key, "data", JSON.stringify(madeOlder(JSON.parse(data), byMs)));
  }
};

/** Reads, changes and writes, until no process was faster. */
const ageOutage = async (connection: Redis, workspace: string, byMs: number): Promise<void> => {
  const own = connection.duplicate();
  try {
    for (;;) {
      await own.watch(outageKey(workspace));
      const text = await own.get(outageKey(workspace));
      if (text === null) return;
      const { v, version, state } = JSON.parse(text) as { v: number; version: number; state: unknown }; // redis-outage.ts
      const older = JSON.stringify({ v, version: version + 1, state: madeOlder(state, byMs) });
      if ((await own.multi().set(outageKey(workspace), older).exec()) !== null) return;
    }
  } finally {
    own.disconnect();
  }
};

/**
 * Time that passes without being waited for. The processes have real clocks; everything that they have noted of the
 * outage (when it opened, since when each batch is held) is made older instead, which is the same to them.
 */
export const virtualTime = ({ connection, workspaces, config, say }: TimeTools): Pick<Lab, "passHours" | "relay"> => ({
  passHours: async (hours) => {
    for (const workspace of workspaces) {
      await ageOutage(connection, workspace, hours * hourMs);
      await ageDeadLetters(connection, workspace, hours * hourMs);
    }
    say(`${hours} hours pass`);
  },
  relay: async (...args) => {
    const { stdout } = await run(process.execPath, [relay, ...args, "--config", config], { cwd: dirname(config) });
    say(`relay ${args.join(" ")}: ${stdout.trim()}`);
  },
});
