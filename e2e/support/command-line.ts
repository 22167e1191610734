import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mkdir } from "node:fs/promises";
import { onTestFinished } from "vitest";
import { until } from "./until.ts";

export const relayMain = join(import.meta.dirname, "../../packages/cli/src/main.ts");

export interface CommandOptions {
  cwd?: string;
  /** In place of the test's own PATH and the like; REDIS_URL and NODE_ENV never come from outside. */
  env?: Record<string, string>;
  stdin?: string | Buffer;
}

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCommand {
  pid: number;
  signal: (name: NodeJS.Signals) => void;
  stdout: () => string;
  stderr: () => string;
  ended: Promise<CommandResult>;
}

/** Starts a program as a shell would; it is killed with the test if it has not ended by then. */
export const startCommand = (
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): RunningCommand => {
  const { REDIS_URL: _url, NODE_ENV: _mode, ...inherited } = process.env; // oxlint-disable-line node/no-process-env -- handed on
  const child = spawn(program, args, { cwd: options.cwd, env: { ...inherited, ...options.env }, stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  child.stdin.on("error", () => undefined); // a command that reads nothing may be gone before we have written
  child.stdin.end(options.stdin);
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr })); // as documented
  onTestFinished(() => void child.kill("SIGKILL"));
  const running = { stdout: () => stdout, stderr: () => stderr, ended };
  return { ...running, pid: child.pid ?? 0, signal: (name) => void child.kill(name) };
};

export const startRelayCommand = (args: readonly string[], options?: CommandOptions): RunningCommand =>
  startCommand(process.execPath, [relayMain, ...args], options);

/** Runs one `relay` command line to its end. */
export const runRelay = (args: readonly string[], options?: CommandOptions): Promise<CommandResult> =>
  startRelayCommand(args, options).ended;

/** A folder with these files (name -> content), removed after the test. */
export const aFolder = async (files: Record<string, string | Buffer> = {}): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "relay-command-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
};

interface ConfigParts {
  /** Address of the stand-in. */
  segment?: string;
  redis?: string;
  writeKey?: string;
  path?: string;
  /** Lines of the workspace. */
  more?: readonly string[];
}

/** A `relay.yaml` with the workspace `acme` and its connector `engagement`. */
export const aConfig = ({ segment = "http://127.0.0.1:9", redis, ...parts }: ConfigParts = {}): string =>
  [
    "version: 1",
    ...(redis ? [`redis: { url: "${redis}" }`] : []),
    "admin: { port: 0 }",
    "workspaces:",
    "  acme:",
    `    segment: { writeKey: ${parts.writeKey ?? "acme-key"}, endpoint: "${segment}", settingsEndpoint: "${segment}", eventsPerSecond: 100000 }`,
    ...(parts.more ?? []).map((line) => `    ${line}`),
    "    connectors:",
    "      engagement:",
    `        source: { type: folder, path: ${parts.path ?? "./currents"} }`,
    "",
  ].join("\n");

/** The port on which a relay that has just been started takes events, once it is open. */
export const openedHttpPort = async (relay: RunningCommand): Promise<string> => {
  const listening = /"port":(\d+),"msg":"http\.listening"/;
  await until("the port is open", () => listening.test(relay.stderr()));
  return listening.exec(relay.stderr())?.[1] ?? "";
};
