import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { dashboardFolder, opsFolder } from "../support/ops-queries.ts";

/** Prometheus and Grafana of docker-compose.yml, checked against the files that they are given. */

interface Service {
  command?: string[];
  environment?: Record<string, string>;
  volumes: string[];
}
interface Scrape {
  job_name: string;
  dns_sd_configs: { names: string[]; port: number }[];
}

const repository = join(opsFolder, "..");
const yaml = (path: string): unknown => parse(readFileSync(join(repository, path), "utf8"), { merge: true });
// Our own files; the tests look at what they need.
const { services } = yaml("docker-compose.yml") as { services: Record<string, Service> };
const { scrape_configs, rule_files } = yaml("ops/prometheus/prometheus.yml") as {
  scrape_configs: Scrape[];
  rule_files: string[];
};
const relay = yaml("ops/compose/relay.yaml") as { admin: { port: number } };

const serviceOf = (name: string): Service => {
  const service = services[name];
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
};
/** The file of the repository that a service sees under this path. */
const seenAs = (service: Service, path: string): string => {
  const mount = service.volumes.map((one) => one.split(":")).find(([, inside = "-"]) => path.startsWith(inside));
  return join(repository, path.replace(mount?.[1] ?? "", mount?.[0] ?? "nowhere"));
};

test("Prometheus asks every container of each stage, by the name of its service, on the admin port", () => {
  for (const stage of ["ingest", "transform", "deliver"]) {
    expect(services).toHaveProperty(stage);
    const scrape = scrape_configs.find(({ job_name }) => job_name === `relay-${stage}`);
    expect(scrape?.dns_sd_configs).toMatchObject([{ names: [stage], type: "A", port: relay.admin.port }]);
  }
});

test("Prometheus is given its configuration and the rules that it names", () => {
  const prometheus = serviceOf("prometheus");
  const config = prometheus.command?.find((flag) => flag.startsWith("--config.file="))?.slice("--config.file=".length);
  expect(existsSync(seenAs(prometheus, config ?? ""))).toBe(true);
  for (const file of rule_files) expect(existsSync(seenAs(prometheus, `/etc/prometheus/${file}`)), file).toBe(true);
});

test("Grafana is given the data source, and the dashboards where the provider looks for them", () => {
  const grafana = serviceOf("grafana");
  for (const file of ["datasources/prometheus.yaml", "dashboards/relay.yaml"])
    expect(existsSync(seenAs(grafana, `/etc/grafana/provisioning/${file}`)), file).toBe(true);
  expect(seenAs(grafana, "/etc/grafana/dashboards")).toBe(dashboardFolder);
});

test("the first page is the overview, and whoever looks cannot change anything", () => {
  const grafana = serviceOf("grafana");
  const home = grafana.environment?.["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] ?? "";
  expect(JSON.parse(readFileSync(seenAs(grafana, home), "utf8"))).toMatchObject({ uid: "relay-overview" });
  expect(grafana.environment).toMatchObject({
    GF_AUTH_ANONYMOUS_ORG_ROLE: "Viewer",
    GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
  });
});
