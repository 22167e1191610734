import type { Redis } from "ioredis";
import { spoolIndexKey } from "../core/keys.ts";
import { gathered } from "../runtime/gathered.ts";
import { luaScript } from "../runtime/lua-script.ts";

const dueScript = luaScript(new URL("./due.lua", import.meta.url));

/** Whether the sweeper has anything to look at in a workspace's spool. */
export type IsSweepDue = (workspace: string) => Promise<boolean>;

const ofConnection = new WeakMap<Redis, IsSweepDue>();

/** Asked for all workspaces of a connection together, as mostly none has: one question a second, not one for each. */
export const sweepDue = (redis: Redis): IsSweepDue => {
  const known = ofConnection.get(redis);
  if (known) return known;
  const look = gathered(async (indexes: readonly string[]) => {
    const due = (await dueScript(redis, indexes, [Date.now()])) as number[]; // its own answer
    return due.map((one) => one === 1);
  });
  const isDue: IsSweepDue = (workspace) => look(spoolIndexKey(workspace));
  ofConnection.set(redis, isDue);
  return isDue;
};
