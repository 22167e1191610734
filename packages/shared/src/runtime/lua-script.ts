import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";

export type LuaArgument = string | number | Buffer;
/** Runs the script atomically in Redis; the answer is what Lua returned, for the caller to check. */
export type LuaScript = (redis: Redis, keys: readonly string[], args: readonly LuaArgument[]) => Promise<unknown>;

/**
 * A Lua script from its file: `luaScript(new URL("./put.lua", import.meta.url))`. Sent by hash; after a restart of
 * Redis has forgotten it, once by text. `preamble`: Lua that stands in front, for functions that scripts share.
 */
export const luaScript = (file: URL, preamble = ""): LuaScript => {
  const source = withPreamble(readFileSync(file, "utf8"), preamble);
  const sha = createHash("sha1").update(source).digest("hex");
  return async (redis, keys, args) => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return redis.eval(source, keys.length, ...keys, ...args);
    }
  };
};

/** A script's flags (`#!lua flags=...`) are its first line, whatever else is put in front. */
const withPreamble = (source: string, preamble: string): string => {
  const flags = /^#!.*\n/.exec(source)?.[0] ?? "";
  return flags + preamble + source.slice(flags.length);
};

/** Redis gives a hash to Lua, and a script gives it on, as a list: field, value, field, value. */
export const fieldsOf = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.flatMap((field, index) => (index % 2 === 0 ? [[field, list[index + 1] ?? ""]] : [])));
