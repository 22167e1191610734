import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { readEnvironment } from "@currents-relay/shared/config/environment.ts";
import { RedisServerMissing, type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { printError } from "./output.ts";

const run = promisify(execFile);
const installTimeoutMs = 180_000;

/** A Redis of our own in `dir`, on a free port. Installs the server first where that is possible without asking. */
export const startEmbeddedRedis = async (dir: string): Promise<RedisServer> => {
  try {
    return await startRedisServer({ dir });
  } catch (error) {
    if (!(error instanceof RedisServerMissing)) throw error;
  }
  await installRedis();
  return startRedisServer({ dir });
};

/** As root on Debian and its kin, through apt-get; elsewhere the user has to choose. */
const installRedis = async (): Promise<void> => {
  const isRoot = process.getuid?.() === 0;
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
  printError("redis-server is not installed; installing it with apt-get ...");
  // RUNLEVEL=1: install the program, but start no service of the system with it.
  const options = {
    timeout: installTimeoutMs,
    env: { ...readEnvironment().variables, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
  };
  try {
    await run("apt-get", ["update"], options);
    await run("apt-get", ["install", "--yes", "--no-install-recommends", "redis-server"], options);
  } catch (cause) {
    throw new CommandError(
      exitCodes.unavailable,
      "redis-server could not be installed with apt-get; install it by hand",
      { cause },
    );
  }
};
