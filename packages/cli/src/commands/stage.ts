import { parseArgs } from "node:util";
import type { Command } from "../command.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { parsePort } from "../parse-port.ts";
import { configPath, readConfig } from "../read-config.ts";
import type { StageName } from "../relay-process.ts";
import { runUntilSignal } from "../run-until-signal.ts";
import { tuneForWorkspaces } from "../tune-process.ts";

const stageCommand = (stage: StageName, does: string): Command => ({
  help: `Usage: relay ${stage} [--config FILE] [--admin-port N]

Runs the ${stage} stage until SIGTERM or SIGINT: ${does}
The first signal finishes what is in hand (at most 25 s), a second one gives it back at once. Any number of
processes may run the same stage on one Redis.
  --config FILE   the configuration, with redis.url in it; left out: relay.yaml in this folder
  --admin-port N  port of /livez, /readyz and /metrics, instead of admin.port; 0 takes a free one

Exits with 0 after a signal, 69 when it could not start, 78 when the configuration has faults.`,

  run: async (args) => {
    const { values } = parseArgs({ args, options: { config: { type: "string" }, "admin-port": { type: "string" } } });
    const adminPort = parsePort(values["admin-port"]);
    const loaded = readConfig(configPath(values.config));
    const redisUrl = loaded.config.redis?.url.reveal();
    if (redisUrl === undefined)
      throw new CommandError(
        exitCodes.config,
        `The configuration has 1 fault:\n  ${loaded.file} redis.url: is missing; a stage by itself needs the Redis that it shares with the others,\n` +
          '  such as  redis: { url: "${REDIS_URL}" }  (only `relay start` can run one of its own)',
      );
    tuneForWorkspaces(stage, Object.keys(loaded.config.workspaces).length);
    // Loaded now: a fault above is told without waiting for the pipeline.
    const { composeProcess } = await import("../relay-process.ts");
    return runUntilSignal(await composeProcess({ loaded, redisUrl, stages: [stage], adminPort }), stage);
  },
});

export const ingest = stageCommand("ingest", "lists the sources, reads new files, hands their events to transform.");
export const transform = stageCommand("transform", "maps events to Segment calls, once for each id, and packs them.");
export const deliver = stageCommand("deliver", "sends the calls to Segment within the rate of each workspace.");
