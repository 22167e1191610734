import { readFileSync } from "node:fs";
import type { QueueKind } from "@currents-relay/shared/contracts/jobs.ts";
import { type Tally, tallyField } from "@currents-relay/shared/contracts/tally.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { archivingKey, keyPrefix, queueName, tallyKey } from "@currents-relay/shared/core/keys.ts";
import { luaScript, type LuaScript } from "@currents-relay/shared/runtime/lua-script.ts";
import type { Redis } from "ioredis";

/** The list of a queue's jobs that wait; BullMQ puts new ones on the left and takes from the right. */
export const waitKey = (kind: QueueKind, workspace: string): string =>
  `${keyPrefix}:${queueName(kind, workspace)}:wait`;
/** The list of a queue's jobs that workers have. */
export const activeKey = (kind: QueueKind, workspace: string): string =>
  `${keyPrefix}:${queueName(kind, workspace)}:active`;

/** Set: ids in archive files that came back already. Stays for ever: 60 bytes a batch that was brought back. */
export const returnedKey = (workspace: string): string => `${keyPrefix}:returned:${workspace}`;

const entryPreamble = readFileSync(new URL(import.meta.resolve("@currents-relay/shared/spool/entry.lua")), "utf8");
/** One of the desk's scripts; those that touch the spool know what an entry is. */
export const deskScript = (name: "end" | "replace" | "return" | "note"): LuaScript =>
  luaScript(new URL(`./desk-${name}.lua`, import.meta.url), entryPreamble);

const noteScript = deskScript("note");
const returnScript = deskScript("return");

/** Notes that these may stand in an archive file without having ended by it; whatever ends them by it takes the note back. */
export const noteArchiving =
  (redis: Redis, workspace: string) =>
  async (ids: readonly JobId[]): Promise<void> => {
    await noteScript(redis, [archivingKey(workspace)], ids);
  };

/** Counts what came back by an operator's command, once for each id, which is remembered for good. */
export const noteReturned =
  (redis: Redis, workspace: string) =>
  async (id: JobId, tally: Tally): Promise<boolean> =>
    (await returnScript(redis, [returnedKey(workspace), tallyKey(workspace)], [id, ...tallyPairs(tally)])) === 1;

/** Pairs of tally field and count, as the scripts take them. */
export const tallyPairs = (tally: Tally): (string | number)[] =>
  Object.entries(tally).flatMap(([label, count]) => [tallyField("deliver", label), count]);
