import { luaScript } from "@currents-relay/shared/runtime/lua-script.ts";
import type { Redis } from "ioredis";
import type { Claims } from "../ports.ts";
import { claimIds, claimKeys, claimOwner } from "./claim-layout.ts";

const claimScript = luaScript(new URL("./claim.lua", import.meta.url));
/** A script holds Redis for some 3 us an id, and Lua's stack for two values each. */
const idsAtOnce = 1_000;

interface ClaimScope {
  /** Whose ids are kept apart: the workspace, or workspace and connector. No ':'. */
  scope: string;
  windowMs: number;
  /** UNIX ms for tests; left out, the clock of Redis decides, so that all pods agree. */
  now?: () => number;
}

/** Claims in Redis; one script for a chunk of up to 1,000 ids. The scripts of one chunk do not wait for each other. */
export const redisClaims = (redis: Redis, { scope, windowMs, now = () => -1 }: ClaimScope): Claims => {
  const keys = claimKeys(scope);
  return async (owner, eventIds) => {
    const answers: Promise<unknown>[] = [];
    for (let at = 0; at < eventIds.length; at += idsAtOnce) {
      const ids = claimIds(eventIds.slice(at, at + idsAtOnce));
      answers.push(claimScript(redis, keys, [now(), windowMs, claimOwner(owner), ids]));
    }
    // A kill here leaves claims of this owner: it runs again and wins them again.
    const marks = await Promise.all(answers);
    return Array.from(marks.map(String).join(""), (mark) => mark === "1");
  };
};
