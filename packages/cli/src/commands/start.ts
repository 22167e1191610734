import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import type { RedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import type { Command } from "../command.ts";
import { startEmbeddedRedis } from "../embedded-redis.ts";
import { runExample } from "../example.ts";
import { exitCodes } from "../exit-codes.ts";
import { print, printError } from "../output.ts";
import { parsePort } from "../parse-port.ts";
import { type GoodConfig, readConfig } from "../read-config.ts";
import { composeProcess } from "../relay-process.ts";
import { runOnce } from "../run-once.ts";
import { runUntilSignal } from "../run-until-signal.ts";

const stages = ["ingest", "transform", "deliver"] as const;
const defaultConfig = "relay.yaml";

export const start: Command = {
  summary: "run all stages in one process (without a configuration: the example)",
  help: `Usage: relay start [--config FILE] [--once] [--admin-port N] [--example]

Runs ingest, transform and deliver in one process, until SIGTERM or SIGINT.
  --config FILE   the configuration; left out: ${defaultConfig} in this folder, else the bundled example
  --once          take what is in the sources, deliver it, and end with a JSON summary as the last line of stdout
  --admin-port N  port of /livez, /readyz and /metrics, instead of admin.port; 0 takes a free one
  --example       run the bundled example even where there is a ${defaultConfig}

Redis: redis.url of the configuration, else REDIS_URL, else a redis-server of its own on a free port, with its data
in .relay/redis beside the configuration.
With --once it exits with 0 when everything found was delivered, dropped by rule or set aside; with 75 when events
are still held (nothing is lost: start it again).`,

  run: async (args) => {
    const { values } = parseArgs({
      args,
      options: {
        config: { type: "string" },
        once: { type: "boolean" },
        "admin-port": { type: "string" },
        example: { type: "boolean" },
      },
    });
    const adminPort = parsePort(values["admin-port"]);
    const path = values.config ?? (existsSync(defaultConfig) && !values.example ? defaultConfig : undefined);
    if (path === undefined) return runExample();
    const loaded = readConfig(path);
    return withRedis(loaded, async (redisUrl) => {
      const relay = composeProcess({ loaded, redisUrl, stages, adminPort, logLevel: values.once ? "warn" : "info" });
      if (!values.once) return runUntilSignal(relay.lifecycle, relay.log, "relay");
      const { summary, isStopped } = await runOnce(relay, Object.keys(loaded.config.workspaces));
      if (isStopped) printError("stopped before the end; nothing is lost, start again to go on");
      print(JSON.stringify(summary));
      return isStopped || summary.events.held > 0 ? exitCodes.notYet : exitCodes.ok;
    });
  },
};

/** Runs with the Redis that the user named, or with one of our own that ends with the run. */
const withRedis = async (loaded: GoodConfig, run: (redisUrl: string) => Promise<number>): Promise<number> => {
  const named = loaded.config.redis?.url ?? readEnvironment().redisUrl;
  if (named !== undefined) return run(named);
  const server: RedisServer = await startEmbeddedRedis(join(dirname(loaded.file), ".relay", "redis"));
  try {
    return await run(server.url);
  } finally {
    await server.stop();
  }
};
