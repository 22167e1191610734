import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** What ops/ asks of Prometheus, read from the files that Grafana and Prometheus are given. */

export const opsFolder = join(import.meta.dirname, "../../ops");

export interface AskedQuery {
  /** The dashboard and the panel, or the alert. */
  where: string;
  expr: string;
}

export interface AlertRule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: Record<string, string>;
}

interface DashboardFile {
  uid: string;
  title: string;
  panels: {
    title: string;
    type: string;
    description: string;
    gridPos: { x: number; y: number; w: number; h: number };
    targets?: { refId: string; expr: string; datasource: { uid: string } }[];
  }[];
  templating: { list: { name: string; query: { query: string } }[] };
}

export const dashboardFolder = join(opsFolder, "grafana/dashboards");

export const readDashboards = (): DashboardFile[] =>
  readdirSync(dashboardFolder).map(
    // Made by ops/grafana/source; the tests look at what they need.
    (name) => JSON.parse(readFileSync(join(dashboardFolder, name), "utf8")) as DashboardFile,
  );

export const dashboardQueries = (): AskedQuery[] =>
  readDashboards().flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ expr, refId }) => ({ where: `${title} / ${panel.title} / ${refId}`, expr })),
    ),
  );

export const alertRules = (): AlertRule[] => {
  const text = readFileSync(join(opsFolder, "prometheus/alerts.yml"), "utf8");
  // Our own file; promtool checks its form.
  const { groups } = parse(text) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
};

/** The query as Prometheus gets it, with Grafana's variables filled in. */
export const filled = (expr: string, values: { workspace: string; rateInterval: string }): string =>
  expr.replaceAll("$__rate_interval", values.rateInterval).replaceAll("$workspace", values.workspace);

const words = new Set([
  "and",
  "or",
  "unless",
  "bool",
  "offset",
  "by",
  "on",
  "without",
  "ignoring",
  "group_left",
  "group_right",
]);

/** The selectors of a query: a metric's name, with its matchers. */
export const selectorsIn = (expr: string): string[] => {
  const bare = expr.replaceAll(/\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  return [...bare.matchAll(/[a-zA-Z_:][\w:]*(?:\s*\{(?:[^}"]|"[^"]*")*\})?/g)]
    .filter(({ 0: found, index }) => {
      const isInsideRange = /\[[^\]]*$/.test(bare.slice(0, index));
      const isFunction = /^\s*\(/.test(bare.slice(index + found.length));
      const isNumber = /[\d.]$/.test(bare.slice(0, index)) || found === "Inf";
      return !isInsideRange && !isFunction && !isNumber && !words.has(found);
    })
    .map(([found]) => found);
};

export const nameOf = (selector: string): string => /^[\w:]+/.exec(selector)?.[0] ?? "";

/** The labels that a query names, in matchers and in groupings. */
export const labelsIn = (expr: string): string[] => [
  ...[...expr.matchAll(/([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = ""]) => label),
  ...[...expr.matchAll(/\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list
      .split(",")
      .map((label) => label.trim())
      .filter((label) => label !== ""),
  ),
];
