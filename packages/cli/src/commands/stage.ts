import { parseArgs } from "node:util";
import type { Command } from "../command.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { parsePort } from "../parse-port.ts";
import { readConfig, requireConfigPath } from "../read-config.ts";
import { composeProcess, type StageName } from "../relay-process.ts";
import { runUntilSignal } from "../run-until-signal.ts";

const stageCommand = (stage: StageName, does: string): Command => ({
  summary: `run the ${stage} stage alone (what a pod runs)`,
  help: `Usage: relay ${stage} --config FILE [--admin-port N]

Runs the ${stage} stage until SIGTERM or SIGINT: ${does}
The first signal finishes what is in hand (at most 25 s), a second one gives it back at once. Any number of
processes may run the same stage on one Redis.
  --config FILE   the configuration; redis.url must be set in it
  --admin-port N  port of /livez, /readyz and /metrics, instead of admin.port; 0 takes a free one`,

  run: async (args) => {
    const { values } = parseArgs({ args, options: { config: { type: "string" }, "admin-port": { type: "string" } } });
    const loaded = readConfig(requireConfigPath(values.config));
    const redisUrl = loaded.config.redis?.url;
    if (redisUrl === undefined)
      throw new CommandError(
        exitCodes.config,
        `${loaded.file} redis.url: is missing; a stage by itself needs the Redis that it shares with the others\n` +
          "(only `relay start` runs one of its own)",
      );
    const { lifecycle, log } = composeProcess({
      loaded,
      redisUrl,
      stages: [stage],
      adminPort: parsePort(values["admin-port"]),
    });
    return runUntilSignal(lifecycle, log, stage);
  },
});

export const ingest = stageCommand("ingest", "lists the sources, reads new files, hands their events to transform.");
export const transform = stageCommand("transform", "maps events to Segment calls, once for each id, and packs them.");
export const deliver = stageCommand("deliver", "sends the calls to Segment within the rate of each workspace.");
