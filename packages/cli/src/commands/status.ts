import { parseArgs } from "node:util";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { connectRedis } from "@currents-relay/shared/runtime/redis.ts";
import { readSnapshot } from "@currents-relay/shared/stage/gauges-shared.ts";
import { readableNow, type Unreadable } from "@currents-relay/shared/stage/gauges-snapshot.ts";
import { overviewOf } from "@currents-relay/shared/stage/overview.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { print } from "../output.ts";
import { configPath, type GoodConfig, readConfig } from "../read-config.ts";
import { orRefused, requireRedis } from "../redis-answers.ts";
import { redisUrlOf } from "../redis-to-ask.ts";
import { statusForScripts } from "../status-json.ts";
import type { Standing } from "@currents-relay/shared/stage/standing.ts";
import { statusForPeople } from "../status-text.ts";

export const status: Command = {
  help: `Usage: relay status [--config FILE] [--json]

For each workspace, what needs somebody first: its state, the age of the oldest event that is not delivered (lag),
how long until held events expire, how much waits and when it will be gone at the present rate, and what was counted
since it exists. Below that: what is wrong, and what to do.
  --config FILE  the configuration; left out: relay.yaml in this folder
  --json         the same as JSON: {"workspaces":[...],"unreadable":[...]}; keys as in the README

Redis: redis.url of the configuration, else REDIS_URL, else that of a \`relay start\` that runs beside the
configuration. Exits with 0, or with 69 when no Redis answers, or refuses to, or what it has of a workspace cannot be
read: then the others are shown.`,

  run: async (args) => {
    const { values } = parseArgs({ args, options: { config: { type: "string" }, json: { type: "boolean" } } });
    const { standings, unreadable } = await readStandings(readConfig(configPath(values.config)));
    print(
      values.json
        ? JSON.stringify({ workspaces: standings.map(statusForScripts), unreadable })
        : statusForPeople({ standings, unreadable }, Date.now()),
    );
    return unreadable.length > 0 ? exitCodes.unavailable : exitCodes.ok;
  },
};

/** Asks Redis now; the processes' last snapshot, if there is one, tells how fast things move. */
const readStandings = async (loaded: GoodConfig): Promise<{ standings: Standing[]; unreadable: Unreadable[] }> => {
  const { config } = loaded;
  const redis = connectRedis(redisUrlOf(loaded), createLogger({ level: "silent", terminal: false }));
  try {
    await requireRedis(redis);
    const nowMs = Date.now();
    const { snapshot, unreadable } = await orRefused(async () => {
      const before = await readSnapshot(redis);
      const workers = before?.workers ?? { ingest: 0, transform: 0, deliver: 0 };
      return readableNow({ redis, config, workers, before, nowMs });
    });
    const standings = Object.entries(config.workspaces).flatMap(([name, settings]): Standing[] => {
      const view = snapshot.workspaces[name];
      return view ? [{ view, settings, overview: overviewOf(view, settings, nowMs) }] : [];
    });
    return { standings, unreadable };
  } finally {
    redis.disconnect();
  }
};
