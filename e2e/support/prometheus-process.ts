import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { opsFolder } from "./ops-queries.ts";
import { until } from "./until.ts";

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

export interface RunningPrometheus {
  /** The samples that a query gives now; rejects with Prometheus' own words when it is wrong. */
  query: (expr: string) => Promise<Sample[]>;
  /** Whether this alert fires for this workspace, stage or the like. */
  isFiring: (alert: string, labels?: Record<string, string>) => Promise<boolean>;
  stop: () => Promise<void>;
}

interface Configuration {
  global: Record<string, string>;
  rule_files: string[];
  scrape_configs: { job_name: string; dns_sd_configs?: unknown; static_configs?: { targets: string[] }[] }[];
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
};

/** Alerts of more patience than this keep it; the others fire at once. */
const longPatience = /^1[05]m$/;

/** ops/prometheus as it is, but with these targets (job -> host:port), every second, and hurried. */
const writeFiles = async (folder: string, targets: Record<string, string>): Promise<string> => {
  const read = async (name: string): Promise<unknown> =>
    parse(await readFile(join(opsFolder, "prometheus", name), "utf8"));
  // Our own files.
  const config = (await read("prometheus.yml")) as Configuration;
  const rules = (await read("alerts.yml")) as { groups: { rules: { for?: string }[] }[] };
  config.global = { scrape_interval: "1s", evaluation_interval: "1s" };
  for (const scrape of config.scrape_configs) {
    delete scrape.dns_sd_configs;
    const target = targets[scrape.job_name];
    if (target === undefined) throw new Error(`there is no process for ${scrape.job_name}`);
    scrape.static_configs = [{ targets: [target] }];
  }
  for (const { rules: group } of rules.groups)
    for (const rule of group) if (!longPatience.test(rule.for ?? "")) delete rule.for;
  await writeFile(join(folder, "alerts.yml"), stringify(rules));
  await writeFile(join(folder, "prometheus.yml"), stringify(config));
  return join(folder, "prometheus.yml");
};

/** A real Prometheus (Debian's) with our rules. */
export const startPrometheus = async (targets: Record<string, string>): Promise<RunningPrometheus> => {
  const folder = await mkdtemp(join(tmpdir(), "relay-prometheus-"));
  const [config, port] = [await writeFiles(folder, targets), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    "prometheus",
    [`--config.file=${config}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.on("data", (data: Buffer) => (log = (log + data.toString()).slice(-2_000)));
  const missing = once(child, "error").then(([cause]) => {
    throw new Error("prometheus is needed: apt-get install prometheus", { cause });
  });
  const ready = until("Prometheus is ready", () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  await Promise.race([ready, missing]).catch((cause: unknown) => {
    throw new Error(`Prometheus did not start: ${log}`, { cause });
  });

  const query = async (expr: string): Promise<Sample[]> => {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
    // Prometheus' documented answer to a query for a vector.
    const answer = (await response.json()) as {
      error?: string;
      data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (!answer.data) throw new Error(`${expr}: ${answer.error}`);
    return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  };
  return {
    query,
    isFiring: async (alert, labels = {}) => {
      const matchers = Object.entries({ alertname: alert, alertstate: "firing", ...labels });
      return (await query(`ALERTS{${matchers.map(([label, value]) => `${label}="${value}"`).join()}}`)).length > 0;
    },
    stop: async () => {
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
};
