import { parseArgs } from "node:util";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { connectRedis } from "@currents-relay/shared/runtime/redis.ts";
import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import {
  conservationOf,
  readWorkspaceStatus,
  summarise,
  type WorkspaceStatus,
} from "@currents-relay/shared/stage/status.ts";
import type { Command } from "../command.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { formatCount, print, table } from "../output.ts";
import { readConfig, requireConfigPath } from "../read-config.ts";

const answerWithinMs = 5_000;

export const status: Command = {
  summary: "show where each workspace stands",
  help: `Usage: relay status --config FILE [--json]

For each workspace: files and events that wait, delivered, dropped and quarantined events since it exists, and
whether the counters of the stages add up.
  --config FILE  the configuration; redis.url (or REDIS_URL) says where to look
  --json         the same as JSON`,

  run: async (args) => {
    const { values } = parseArgs({ args, options: { config: { type: "string" }, json: { type: "boolean" } } });
    const { config } = readConfig(requireConfigPath(values.config));
    const url = config.redis?.url ?? readEnvironment().redisUrl;
    if (url === undefined)
      throw new CommandError(
        exitCodes.config,
        "redis.url is not set, so there is no Redis to ask (a Redis of `relay start` lives only while it runs)",
      );
    const statuses = await readStatuses(url, Object.keys(config.workspaces));
    print(values.json ? JSON.stringify({ workspaces: statuses.map(forScripts) }) : forPeople(statuses));
    return exitCodes.ok;
  },
};

const readStatuses = async (url: string, workspaces: readonly string[]): Promise<WorkspaceStatus[]> => {
  const redis = connectRedis(url, createLogger({ level: "silent", terminal: false }));
  const late = new Promise<never>((_, reject) => {
    const message = `Redis did not answer within ${answerWithinMs / 1_000} s`;
    setTimeout(() => reject(new CommandError(exitCodes.unavailable, message)), answerWithinMs).unref();
  });
  try {
    return await Promise.race([
      Promise.all(workspaces.map((workspace) => readWorkspaceStatus(redis, workspace))),
      late,
    ]);
  } finally {
    redis.disconnect();
  }
};

const forScripts = (workspace: WorkspaceStatus) => ({
  ...workspace,
  ...summarise([workspace]),
  conservation: conservationOf(workspace),
});

const forPeople = (statuses: readonly WorkspaceStatus[]): string => {
  const rows = statuses.map((workspace) => {
    const { events } = summarise([workspace]);
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
    const cells = [
      workspace.filesWaiting,
      workspace.waiting.transform,
      workspace.waiting.deliver,
      events.in,
      events.delivered,
      sum(events.dropped),
      sum(events.quarantined),
    ];
    return [workspace.workspace, ...cells.map(formatCount), conservationOf(workspace).holds ? "yes" : "NO"];
  });
  const head = [
    "workspace",
    "files waiting",
    "to map",
    "to deliver",
    "events in",
    "delivered",
    "dropped",
    "quarantined",
    "adds up",
  ];
  return table([head, ...rows]);
};
