import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import type { Command } from "../command.ts";
import { embeddedRedisFolder, startEmbeddedRedis } from "../embedded-redis.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { print, printError } from "../output.ts";
import { parsePort } from "../parse-port.ts";
import { defaultConfig, type GoodConfig, readConfig } from "../read-config.ts";
import { orRefused } from "../redis-answers.ts";
import { runUntilSignal } from "../run-until-signal.ts";
import { showRunning } from "../show-running.ts";

const stages = ["ingest", "transform", "deliver"] as const;

export const start: Command = {
  help: `Usage: relay start [--config FILE] [--once] [--admin-port N] [--example]

Runs ingest, transform and deliver in one process, until SIGTERM or SIGINT (Ctrl-C): the first one finishes what is
in hand (at most 25 s), a second one gives it back at once. Nothing is lost either way.
  --config FILE   the configuration; left out: ${defaultConfig} in this folder, else the bundled example
  --once          take what is in the sources, deliver it, and end with a JSON summary as the last line of stdout
  --admin-port N  port of /livez, /readyz and /metrics, instead of admin.port; 0 takes a free one
  --example       run the bundled example even where there is a ${defaultConfig}

Redis: redis.url of the configuration, else REDIS_URL, else a redis-server of its own on a free port, with its data
in .relay/redis beside the configuration.
With --once it waits as long as it takes for a Segment that cannot be reached; Ctrl-C ends that too.
Exits with 0 after a signal, and with --once when everything found was delivered, dropped by rule or set aside; with
75 when --once leaves events undelivered (nothing is lost: start it again), 66 when a source cannot be listed, 69 when
Redis or the admin port is not there, Redis is none that can be used, or no workspace (with --once: not every one) can
be begun with, 78 when the configuration has faults.`,

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
    if (values.example && values.config !== undefined)
      throw new CommandError(exitCodes.usage, "--example runs a configuration of its own: give either it or --config");
    const adminPort = parsePort(values["admin-port"]);
    const path = values.config ?? (existsSync(defaultConfig) && !values.example ? defaultConfig : undefined);
    // The stand-ins are loaded for the example alone.
    if (path === undefined) return (await import("../example.ts")).runExample();
    const loaded = readConfig(path);
    // Loaded now: a fault above is told without waiting for the pipeline.
    const [{ composeProcess }, { runOnce }] = await Promise.all([
      import("../relay-process.ts"),
      import("../run-once.ts"),
    ]);
    return withRedis(loaded, async (redisUrl) => {
      const relay = await composeProcess({
        loaded,
        redisUrl,
        stages,
        adminPort,
        logLevel: values.once ? "warn" : "info",
        isOnce: values.once === true,
      });
      if (!values.once)
        return runUntilSignal(relay, "relay", (stopped) => showRunning({ relay, loaded, redisUrl, stopped }));
      const { summary, isStopped } = await orRefused(() => runOnce(relay, loaded.config.workspaces));
      if (isStopped) printError("Stopped before the end; nothing is lost, start again to go on.");
      else if (summary.events.held > 0)
        printError("Not all could be delivered; nothing is lost, start again when the reason above is gone.");
      print(JSON.stringify(summary));
      return isStopped || summary.events.held > 0 ? exitCodes.notYet : exitCodes.ok;
    });
  },
};

/** Runs with the Redis that the user named, or with one of our own that ends with the run. */
const withRedis = async (loaded: GoodConfig, run: (redisUrl: string) => Promise<number>): Promise<number> => {
  const named = loaded.config.redis?.url.reveal() ?? readEnvironment().redisUrl;
  if (named !== undefined) return run(named);
  const server = await startEmbeddedRedis(embeddedRedisFolder(loaded.file));
  try {
    return await run(server.url);
  } finally {
    await server.stop();
  }
};
