import { parseArgs } from "node:util";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { connectRedis } from "@currents-relay/shared/runtime/redis.ts";
import {
  conservationOf,
  readWorkspaceStatus,
  summarise,
  type WorkspaceStatus,
} from "@currents-relay/shared/stage/status.ts";
import type { Command } from "../command.ts";

import { exitCodes } from "../exit-codes.ts";
import { formatCount, print, table } from "../output.ts";
import { configPath, readConfig } from "../read-config.ts";
import { redisUrlOf } from "../redis-to-ask.ts";
import { requireRedis } from "../redis-answers.ts";

export const status: Command = {
  help: `Usage: relay status [--config FILE] [--json]

For each workspace: files and events that wait, delivered, dropped and quarantined events since it exists, and
whether the counters of the stages add up.
  --config FILE  the configuration; left out: relay.yaml in this folder
  --json         the same as JSON: {"workspaces":[...]}

Redis: redis.url of the configuration, else REDIS_URL, else that of a \`relay start\` that runs beside the
configuration. Exits with 0, or with 69 when no Redis answers.`,

  run: async (args) => {
    const { values } = parseArgs({ args, options: { config: { type: "string" }, json: { type: "boolean" } } });
    const loaded = readConfig(configPath(values.config));
    const statuses = await readStatuses(redisUrlOf(loaded), Object.keys(loaded.config.workspaces));
    print(values.json ? JSON.stringify({ workspaces: statuses.map(forScripts) }) : forPeople(statuses));
    return exitCodes.ok;
  },
};

const readStatuses = async (url: string, workspaces: readonly string[]): Promise<WorkspaceStatus[]> => {
  const redis = connectRedis(url, createLogger({ level: "silent", terminal: false }));
  try {
    await requireRedis(redis);
    return await Promise.all(workspaces.map((workspace) => readWorkspaceStatus(redis, workspace)));
  } finally {
    redis.disconnect();
  }
};

const forScripts = (workspace: WorkspaceStatus) => ({
  ...workspace,
  ...summarise([workspace]),
  conservation: conservationOf(workspace),
});

const head = [
  "workspace",
  "files waiting",
  "to map",
  "to deliver",
  "held",
  "events in",
  "delivered",
  "dropped",
  "quarantined",
  "adds up",
];

const forPeople = (statuses: readonly WorkspaceStatus[]): string => {
  const rows = statuses.map((workspace) => {
    const { events } = summarise([workspace]);
    const { transform, deliver, held } = workspace.waiting;
    const counts = [
      workspace.filesWaiting,
      transform,
      deliver,
      held,
      events.in,
      events.delivered,
      sum(events.dropped),
      sum(events.quarantined),
    ];
    return [workspace.workspace, ...counts.map(formatCount), conservationOf(workspace).holds ? "yes" : "no"];
  });
  const differences = statuses.flatMap((workspace) =>
    conservationOf(workspace).differences.map((difference) => `${workspace.workspace}: ${difference}`),
  );
  const why = differences.length > 0 ? ["", "Counted a moment apart while events move, or a bug where none do:"] : [];
  const numbers = head.map((_, column) => column).slice(1);
  return [table([head, ...rows], numbers), ...why, ...differences].join("\n");
};

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0);
