import { hash } from "node:crypto";
import { claimsKey } from "@currents-relay/shared/core/keys.ts";
import { luaScript } from "@currents-relay/shared/runtime/lua-script.ts";
import type { Redis } from "ioredis";
import type { Claims } from "../ports.ts";

const claimScript = luaScript(new URL("./claim.lua", import.meta.url));
const idBytes = 16;
const ownerBytes = 8;

/** 128 bits of SHA-256: among 10^9 ids, two that differ meet with a chance below 10^-20. */
const digest = (text: string, bytes: number): Buffer => hash("sha256", text, "buffer").subarray(0, bytes);

interface ClaimScope {
  /** Whose ids are kept apart: the workspace, or workspace and connector. No ':'. */
  scope: string;
  windowMs: number;
  /** UNIX ms for tests; left out, the clock of Redis decides, so that all pods agree. */
  now?: () => number;
}

/** Claims in Redis; one script for a whole chunk. */
export const redisClaims = (redis: Redis, { scope, windowMs, now = () => -1 }: ClaimScope): Claims => {
  const keys = [claimsKey(scope), `${claimsKey(scope)}:`];
  return async (owner, eventIds) => {
    if (eventIds.length === 0) return [];
    const ids = Buffer.concat(eventIds.map((id) => digest(id, idBytes)));
    const answer = String(await claimScript(redis, keys, [now(), windowMs, digest(owner, ownerBytes), ids]));
    return Array.from(answer, (mark) => mark === "1");
  };
};
