import { redisDesk } from "@currents-relay/deliver/adapters/redis-desk.ts";
import type { DeskQueue } from "@currents-relay/deliver/core/desk-entry.ts";
import type { Desk } from "@currents-relay/deliver/desk.ts";
import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { openWorkspaceQueues, type WorkspaceQueues } from "@currents-relay/shared/queues/workspace-queues.ts";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { connectRedis } from "@currents-relay/shared/runtime/redis.ts";
import { redisSpool } from "@currents-relay/shared/spool/redis-spool.ts";
import type { Spool } from "@currents-relay/shared/spool/spool.ts";
import type { Redis } from "ioredis";

import { CommandError, exitCodes } from "./exit-codes.ts";
import { configPath, type GoodConfig, readConfig } from "./read-config.ts";
import { orRefused, requireRedis } from "./redis-answers.ts";
import { redisUrlOf } from "./redis-to-ask.ts";

/** One workspace of a running relay, as an operator's command works on it. */
export interface DlqRoom {
  redis: Redis;
  workspace: string;
  settings: WorkspaceConfig;
  spool: Spool;
  queues: WorkspaceQueues;
  desk: (queue: DeskQueue) => Desk;
}

/** Connects for one command, and lets go again. */
export const inDlqRoom = async (
  { config, workspace }: { config?: string | undefined; workspace?: string | undefined },
  act: (room: DlqRoom) => Promise<number>,
): Promise<number> => {
  const loaded = readConfig(configPath(config));
  const [name, settings] = chosen(loaded, workspace);
  const redis = connectRedis(redisUrlOf(loaded), createLogger({ level: "silent", terminal: false }));
  try {
    await requireRedis(redis);
    const spool = redisSpool(redis, name);
    const queues = openWorkspaceQueues(redis, name);
    const desk = (queue: DeskQueue) => redisDesk({ redis, workspace: name, queue, spool });
    try {
      return await orRefused(() => act({ redis, workspace: name, settings, spool, queues, desk }));
    } finally {
      await queues.close();
    }
  } finally {
    redis.disconnect();
  }
};

const chosen = ({ config }: GoodConfig, name: string | undefined): [string, WorkspaceConfig] => {
  const all = Object.entries(config.workspaces);
  const found = name === undefined && all.length === 1 ? all[0] : all.find(([known]) => known === name);
  if (found) return found;
  const said = name === undefined ? "--workspace is missing" : `there is no workspace "${name}"`;
  throw new CommandError(exitCodes.usage, `${said}; there are: ${all.map(([known]) => known).join(", ")}`);
};
