import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";

export interface RedisServerOptions {
  /** Where the data lives. Made if missing and left behind by `stop`; left out: a temporary one, removed by `stop`. */
  dir?: string;
  /** On 127.0.0.1; left out: any free one. */
  port?: number;
  /** `appendfsync`; "no" turns the append-only file off altogether. Default: "always". */
  aof?: "always" | "everysec" | "no";
  /** As Redis writes it: "100mb". Default: no limit. */
  maxmemory?: string;
  /** More command-line arguments of redis-server; these win over ours. */
  args?: readonly string[];
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  /** Of the running server; another one after `restart`. */
  readonly pid: number;
  /** SIGKILL, then waits until the process is gone. The directory and the port stay reserved for `restart`. */
  kill9(): Promise<void>;
  /** Starts again on the same port and directory; ends the running server first, in order. */
  restart(): Promise<void>;
  /** Ends in order (SIGTERM, SIGKILL after 5 s). May be called twice. */
  stop(): Promise<void>;
}

/** Neither redis-server nor valkey-server is on PATH. */
export class RedisServerMissing extends Error {
  override readonly name = "RedisServerMissing";
  constructor() {
    super("neither redis-server nor valkey-server is on PATH; install one, or name a running one in redis.url");
  }
}

const readyWithinMs = 60_000;
const stopWithinMs = 5_000;
const portTries = 5;
/** A rewrite of the append-only file takes the throughput down while it lasts (ADR 0034). */
const rewriteFrom = "256mb";
/** The exit code by which the script below says that no server is on PATH. */
const missingCode = 127;

/**
 * Becomes the server (same pid) and leaves a watcher behind that kills it when our end of descriptor 3 closes without
 * a word: also kill -9 of this process leaves no server that a second start on the same directory would collide with.
 */
const launchScript = `
server=$(command -v redis-server || command -v valkey-server) || exit ${missingCode}
(read -r bye <&3 || kill -9 $$) >/dev/null 2>&1 &
exec 3<&-
exec "$server" "$@"`;

interface Running {
  child: ChildProcess;
  pid: number;
  exited: Promise<void>;
  log: () => string;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
      server.close(() => resolve(address.port));
    });
  });

const launch = (args: readonly string[]): Running => {
  // Detached: Ctrl-C goes to the whole terminal group, and the server must outlive the drain of its user.
  const child = spawn("/bin/sh", ["-c", launchScript, "redis-server", ...args], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  if (child.pid === undefined) throw new Error("cannot start /bin/sh");
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => (log = (log + data.toString()).slice(-2_000)));
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      // Tells the watcher that there is nothing left to kill. Descriptor 3 is a pipe by the options above.
      (child.stdio[3] as Writable).end("bye\n");
      resolve();
    });
  });
  child.stdio[3]?.on("error", () => undefined); // the watcher may be gone already
  // A server that nobody stopped must not keep its user alive; the watcher ends it then.
  child.unref();
  for (const stream of child.stdio) if (stream !== null && stream !== undefined && "unref" in stream) unref(stream);
  return { child, pid: child.pid, exited, log: () => log };
};

const unref = (stream: object): void => {
  if ("unref" in stream && typeof stream.unref === "function") stream.unref();
};

/** True once the server answers PONG and is the process `pid`, not a stranger on the same port. */
const answers = (port: number, pid: number): Promise<boolean> =>
  new Promise((resolve) => {
    let reply = "";
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\nINFO server\r\n"));
    const finish = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.on("error", () => finish(false));
    socket.on("close", () => finish(false));
    socket.on("data", (data: Buffer) => {
      reply += data.toString();
      if (reply.startsWith("-")) finish(false);
      const owner = /process_id:(\d+)\r/.exec(reply)?.[1];
      if (owner !== undefined) finish(reply.startsWith("+PONG") && Number(owner) === pid);
    });
  });

const ready = async (running: Running, port: number): Promise<void> => {
  const deadline = performance.now() + readyWithinMs;
  const state = { exited: false };
  void running.exited.then(() => (state.exited = true));
  while (!(await answers(port, running.pid))) {
    if (running.child.exitCode === missingCode) throw new RedisServerMissing();
    if (state.exited) throw new Error(`redis-server ended at its start: ${running.log().trim()}`);
    if (performance.now() > deadline) {
      running.child.kill("SIGKILL");
      throw new Error(`redis-server did not answer within ${readyWithinMs} ms: ${running.log().trim()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const serverArgs = (options: RedisServerOptions, dir: string, port: number): string[] => {
  const aof = options.aof ?? "always";
  const settings = {
    bind: "127.0.0.1",
    port: String(port),
    dir,
    daemonize: "no",
    save: "",
    ...(aof === "no" ? { appendonly: "no" } : { appendonly: "yes", appendfsync: aof }),
    "auto-aof-rewrite-min-size": rewriteFrom,
    maxmemory: options.maxmemory ?? "0",
    "maxmemory-policy": "noeviction",
  };
  return [...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]), ...(options.args ?? [])];
};

const end = async (running: Running, signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
  running.child.kill(signal);
  const force = setTimeout(() => running.child.kill("SIGKILL"), stopWithinMs);
  await running.exited;
  clearTimeout(force);
};

/** A port that is free when asked may be taken when used: then another one is tried, unless the caller named it. */
const startSomewhere = async (options: RedisServerOptions, dir: string) => {
  for (let tries = 1; ; tries += 1) {
    const port = options.port ?? (await freePort());
    const running = launch(serverArgs(options, dir, port));
    try {
      await ready(running, port);
      return { running, port };
    } catch (error) {
      if (options.port !== undefined || tries === portTries || !/address already in use/i.test(running.log()))
        throw error;
    }
  }
};

/**
 * Starts a redis-server (or valkey-server) of our own on 127.0.0.1 and resolves when it answers: noeviction, AOF with
 * `appendfsync always`, no snapshots. It ends with this process, however that ends.
 * Rejects with {@link RedisServerMissing} if there is none on PATH, and with the server's own words if it does not start.
 */
export const startRedisServer = async (options: RedisServerOptions = {}): Promise<RedisServer> => {
  if (options.dir !== undefined) await mkdir(options.dir, { recursive: true });
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "relay-redis-")));
  const started = await startSomewhere(options, dir).catch(async (error: unknown) => {
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    throw error;
  });
  const { port } = started;
  let { running } = started;
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return running.pid;
    },
    kill9: () => end(running, "SIGKILL"),
    restart: async () => {
      await end(running, "SIGTERM");
      running = launch(serverArgs(options, dir, port));
      await ready(running, port);
    },
    stop: async () => {
      await end(running, "SIGTERM");
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
  };
};
