import { existsSync } from "node:fs";
import { connectorSource } from "@currents-relay/ingest/adapters/connector-source.ts";
import type { SourceConfig } from "@currents-relay/shared/config/source-schema.ts";
import { readWorkspaceStatus, summarise } from "@currents-relay/shared/stage/status.ts";
import { printError } from "./output.ts";
import { progressText } from "./progress.ts";
import type { GoodConfig } from "./read-config.ts";
import type { RelayProcess } from "./relay-process.ts";

const progressEveryMs = 10_000;

interface Running {
  relay: RelayProcess;
  loaded: GoodConfig;
  redisUrl: string;
  stopped: AbortSignal;
}

/** To a person at a terminal: what runs, and every ten seconds what came of it. Others have the logs and metrics. */
export const showRunning = ({ relay, loaded, redisUrl, stopped }: Running): void => {
  if (!process.stderr.isTTY) return;
  printError(runningText(loaded, { redis: new URL(redisUrl).host, admin: relay.adminUrl() }));
  const workspaces = Object.keys(loaded.config.workspaces);
  const read = async () =>
    summarise(await Promise.all(workspaces.map((workspace) => readWorkspaceStatus(relay.redis, workspace))));
  let told = "";
  const tell = async () => {
    const text = progressText(await read());
    if (text === told || stopped.aborted) return;
    told = text;
    relay.log.info(`so far: ${text}`);
  };
  // With Redis away there is no news; the log says that by itself.
  const timer = setInterval(() => void tell().catch(() => undefined), progressEveryMs);
  timer.unref();
  stopped.addEventListener("abort", () => clearInterval(timer));
};

const placeOf = (source: SourceConfig): string => {
  if (source.type === "http") return "takes Braze's requests (http)";
  if (source.type !== "folder") return connectorSource(source).name;
  return existsSync(source.path) ? source.path : `${source.path} (NOT THERE; make it, or correct the path)`;
};

export const runningText = (
  { config, file }: Pick<GoodConfig, "config" | "file">,
  { redis, admin }: { redis: string; admin: string },
): string => {
  const sources = Object.entries(config.workspaces).flatMap(([name, { segment, connectors }]) => [
    `  ${name} -> ${segment.endpoint}, at most ${segment.eventsPerSecond} events/s`,
    ...Object.entries(connectors).map(([connector, { source }]) => `    ${connector}: ${placeOf(source)}`),
  ]);
  return [
    `\nRunning with ${file}; a change to it takes effect at once.`,
    ...sources,
    `  Redis ${redis}, status page ${admin}/ (beside it /livez, /readyz, /metrics)`,
    "Where it stands: the status page, or relay status. To end it: Ctrl-C.\n",
  ].join("\n");
};
