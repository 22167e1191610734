import { readFileSync } from "node:fs";
import { parse, stringify } from "yaml";

const alertsFile = new URL("../../prometheus/alerts.yml", import.meta.url);
export const rulesFile = new URL("../components/monitoring/prometheus-rule.yaml", import.meta.url);

/** The text of a PrometheusRule with our alerts. */
export const rulesText = (): string => {
  const rule = {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "relay" },
    spec: parse(readFileSync(alertsFile, "utf8")) as object, // `groups`, as promtool checks
  };
  const head = "# Made by node ops/k8s/build-rules.ts from ops/prometheus/alerts.yml.\n";
  return head + stringify(rule, { lineWidth: 0 });
};
