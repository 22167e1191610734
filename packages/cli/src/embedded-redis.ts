import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { connectRedis } from "@currents-relay/shared/runtime/redis.ts";
import { RedisServerMissing, type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { errorText } from "@currents-relay/shared/core/error-text.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { takeFolder } from "./folder-lock.ts";
import { printError } from "./output.ts";

const installTimeoutMs = 180_000;

/** What the installation needs to know of this computer. */
export interface Computer {
  isRoot: boolean;
  /** Runs a program to its end; rejects with what it said when it failed or is not there. */
  run: (program: string, args: readonly string[]) => Promise<void>;
}

export interface EmbeddedRedis {
  url: string;
  stop: () => Promise<void>;
}

/** Where `relay start` with this configuration keeps a Redis of its own. */
export const embeddedRedisFolder = (configFile: string): string => join(dirname(configFile), ".relay", "redis");

/**
 * A Redis of our own with its data in `folder`, on a free port that a file beside the data names. Installs the server
 * first where that needs no question. Throws where another one is running on the same data.
 */
export const startEmbeddedRedis = async (folder: string, computer = thisComputer()): Promise<EmbeddedRedis> => {
  const taken = await takeDataFolder(folder);
  try {
    if (taken === undefined || (await isAnswering(folder)))
      throw new CommandError(
        exitCodes.unavailable,
        `Another \`relay start\` is running here, with its Redis on ${folder}.\n` +
          "Stop it first, or give both a Redis that they can share (redis.url in the configuration).",
      );
    const server = await startOrInstall(folder, computer);
    await writeFile(addressFile(folder), server.url);
    return {
      url: server.url,
      stop: async () => {
        await server.stop();
        await rm(addressFile(folder), { force: true });
        taken.release();
      },
    };
  } catch (error) {
    taken?.release();
    throw error;
  }
};

/** Before anything is looked at or started: of two that begin together, one has it. */
const takeDataFolder = async (folder: string) => {
  try {
    await mkdir(folder, { recursive: true });
    return takeFolder(folder);
  } catch (cause) {
    throw new CommandError(exitCodes.unavailable, `${folder}, for Redis' data, cannot be used: ${errorText(cause)}`, {
      cause,
    });
  }
};

/** The last one's Redis outlives a kill of its process by a moment. */
const isAnswering = async (folder: string): Promise<boolean> => {
  const running = runningEmbeddedRedis(folder);
  return running !== undefined && (await answers(running));
};

/** The address of the Redis that somebody's {@link startEmbeddedRedis} runs, or ran until it was killed. */
export const runningEmbeddedRedis = (folder: string): string | undefined => {
  try {
    return readFileSync(addressFile(folder), "utf8");
  } catch {
    return undefined; // none is running
  }
};

const addressFile = (folder: string): string => join(folder, "address");

const answers = async (url: string): Promise<boolean> => {
  const redis = connectRedis(url, createLogger({ level: "silent", terminal: false }));
  const refused = new Promise<boolean>((resolve) => redis.once("error", () => resolve(false)));
  try {
    return await Promise.race([redis.ping().then(() => true), refused]);
  } finally {
    redis.disconnect();
  }
};

const startOrInstall = async (dir: string, computer: Computer): Promise<RedisServer> => {
  try {
    return await startRedisServer({ dir });
  } catch (error) {
    if (!(error instanceof RedisServerMissing))
      throw new CommandError(exitCodes.unavailable, errorText(error), { cause: error });
  }
  await installRedis(computer);
  return startRedisServer({ dir });
};

/** As root on Debian and its kin, through apt-get; elsewhere the user has to choose. */
export const installRedis = async ({ isRoot, run }: Computer): Promise<void> => {
  const hasApt = await run("apt-get", ["--version"]).then(
    () => true,
    () => false,
  );
  if (!isRoot || !hasApt)
    throw new CommandError(
      exitCodes.unavailable,
      "Redis is missing: neither redis-server nor valkey-server is on PATH. Two ways out:\n" +
        "  - install one (Debian, Ubuntu: sudo apt-get install redis-server; macOS: brew install redis), and start again;\n" +
        "  - docker compose up (brings its own).\n" +
        "A Redis that runs already is used when REDIS_URL, or redis.url in the configuration, names it.",
    );
  printError("redis-server is not installed; installing it with apt-get (once, about a minute) ...");
  try {
    await run("apt-get", ["update"]);
    await run("apt-get", ["install", "--yes", "--no-install-recommends", "redis-server"]);
  } catch (cause) {
    throw new CommandError(
      exitCodes.unavailable,
      `redis-server could not be installed with apt-get; install it by hand.\n${errorText(cause)}`,
      { cause },
    );
  }
};

const thisComputer = (): Computer => ({
  isRoot: process.getuid?.() === 0,
  run: async (program, args) => {
    await promisify(execFile)(program, args, {
      timeout: installTimeoutMs,
      // RUNLEVEL=1: install the program, but start no service of the system with it.
      env: { ...readEnvironment().variables, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    });
  },
});
