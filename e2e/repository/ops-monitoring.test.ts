import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createMetrics } from "@currents-relay/shared/runtime/metrics.ts";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { dashboardFiles } from "../../ops/grafana/source/all.ts";
import {
  alertRules,
  dashboardFolder,
  dashboardQueries,
  labelsIn,
  nameOf,
  opsFolder,
  readDashboards,
  selectorsIn,
} from "../support/ops-queries.ts";

/** Prometheus' and Grafana's files, checked against each other and against the metrics that the relay has. */

const prometheusFolder = join(opsFolder, "prometheus");

const stories = readdirSync(prometheusFolder).filter((name) => name.endsWith(".test.yml"));

const promtool = (...args: string[]) => {
  const run = spawnSync("promtool", args, { encoding: "utf8", cwd: prometheusFolder });
  if (run.error) throw new Error("promtool is needed: apt-get install prometheus", { cause: run.error });
  return { code: run.status, said: `${run.stdout}${run.stderr}` };
};

interface Described {
  name: string;
  labelNames: string[];
  aggregator: string;
}
const metrics = (() => {
  // prom-client's types leave out what its metrics are made of.
  const described = createMetrics().registry.getMetricsAsArray() as unknown as (Described & { buckets?: number[] })[];
  return new Map(
    described.flatMap(({ name, labelNames, buckets }): [string, string[]][] =>
      buckets
        ? [
            [`${name}_bucket`, [...labelNames, "le"]],
            [`${name}_sum`, labelNames],
            [`${name}_count`, labelNames],
          ]
        : [[name, labelNames]],
    ),
  );
})();
/** Prometheus adds these by itself. */
const prometheusLabels = ["job", "instance", "alertname", "alertstate"];

const asked = () => [...dashboardQueries(), ...alertRules().map(({ alert, expr }) => ({ where: alert, expr }))];

test("the parts of a query are told apart: metrics from functions, labels, durations and words", () => {
  const expr =
    'sum by (workspace, le) (rate(relay_a_total{stage="x", job=~"y|z"}[5m])) / on (workspace) group_left (then) relay_b > 0.5 or absent(up) + Inf';
  expect(selectorsIn(expr)).toEqual(['relay_a_total{stage="x", job=~"y|z"}', "relay_b", "up"]);
  expect(labelsIn(expr).toSorted()).toEqual(["job", "le", "stage", "then", "workspace", "workspace"]);
});

test("every metric that a panel or an alert names is one that the relay has", () => {
  expect(asked().length).toBeGreaterThan(80);
  for (const { where, expr } of asked())
    for (const selector of selectorsIn(expr))
      expect([...metrics.keys(), "ALERTS"], `${where}: ${selector}`).toContain(nameOf(selector));
});

test("every label that a panel or an alert names is one of the metrics that it asks for", () => {
  for (const { where, expr } of asked()) {
    const known = selectorsIn(expr).flatMap((selector) => metrics.get(nameOf(selector)) ?? []);
    for (const label of labelsIn(expr)) expect([...known, ...prometheusLabels], `${where}: ${label}`).toContain(label);
  }
});

test("every metric of the relay is looked at somewhere", () => {
  const used = new Set(asked().flatMap(({ expr }) => selectorsIn(expr).map(nameOf)));
  const unused = [...metrics.keys()].filter((name) => name.startsWith("relay_") && !used.has(name));
  expect(unused.filter((name) => !/_(sum|count)$/.test(name))).toEqual([]);
});

test(
  "Prometheus takes the rules and the configuration, and the rules do what their stories say",
  { timeout: 60_000 },
  () => {
    expect(promtool("check", "rules", "alerts.yml")).toMatchObject({ code: 0 });
    expect(promtool("check", "config", "--syntax-only", "prometheus.yml")).toMatchObject({ code: 0 });
    const { code, said } = promtool("test", "rules", ...stories);
    expect(code, said).toBe(0);
  },
);

test("every alert has a story in which it fires and one moment in which it does not", () => {
  // Our own files; promtool has checked their form above.
  const checks = stories.flatMap((name) => {
    const { tests } = parse(readFileSync(join(prometheusFolder, name), "utf8")) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    return tests.flatMap(({ alert_rule_test }) => alert_rule_test);
  });
  for (const { alert } of alertRules()) {
    const own = checks.filter(({ alertname }) => alertname === alert);
    expect(
      own.some(({ exp_alerts }) => exp_alerts.length > 0),
      `${alert} never fires`,
    ).toBe(true);
    expect(
      own.some(({ exp_alerts }) => exp_alerts.length === 0),
      `${alert} is never quiet`,
    ).toBe(true);
  }
});

test("every alert says what it means, how bad it is, what to do first, and where to read on", () => {
  for (const { alert, labels, annotations } of alertRules()) {
    expect(["page", "warning", "info"], alert).toContain(labels.severity);
    expect(Object.keys(annotations), alert).toEqual(["summary", "description", "action", "runbook_url"]);
    expect(annotations["runbook_url"]).toBe(`docs/RUNBOOK.md#${alert.toLowerCase()}`);
    expect(annotations["action"], "also shown outside of an alert").not.toContain("{{");
  }
});

test("the dashboards are those that ops/grafana/build.ts makes", { timeout: 60_000 }, async () => {
  const made = await dashboardFiles();
  expect(readdirSync(dashboardFolder).toSorted()).toEqual([...made.keys()].toSorted());
  for (const [name, text] of made)
    expect(readFileSync(join(dashboardFolder, name), "utf8") === text, `${name}: run node ops/grafana/build.ts`).toBe(
      true,
    );
});

test("no two panels lie on each other, none leaves the grid, and each says what it tells", () => {
  for (const { title, panels } of readDashboards()) {
    const taken = new Set<string>();
    for (const { title: panel, description, type, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, `${title} / ${panel}`).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x},${y}`), `${title} / ${panel}`).toBe(false);
          taken.add(`${x},${y}`);
        }
      if (type !== "row") expect(description, `${title} / ${panel}`).not.toBe("");
    }
  }
});

test("Grafana is provisioned with the data source that the panels ask, and with the folder that compose mounts", () => {
  const file = (path: string): unknown => parse(readFileSync(join(opsFolder, "grafana/provisioning", path), "utf8"));
  expect(file("datasources/prometheus.yaml")).toMatchObject({
    datasources: [{ uid: "prometheus", url: "http://prometheus:9090" }],
  });
  for (const { title, panels } of readDashboards())
    for (const { targets = [] } of panels)
      for (const { datasource } of targets) expect(datasource.uid, title).toBe("prometheus");
  expect(file("dashboards/relay.yaml")).toMatchObject({
    providers: [{ options: { path: "/etc/grafana/dashboards" } }],
  });
});

test("the overview begins with the time to loss of each workspace", () => {
  const overview = readDashboards().find(({ uid }) => uid === "relay-overview");
  expect(overview?.panels[0]).toMatchObject({ title: "Time to loss", gridPos: { x: 0, y: 0 } });
});
