import { readFileSync } from "node:fs";
import { parse } from "yaml";

interface Rules {
  groups: { rules: { alert: string; annotations: { action: string; runbook_url: string } }[] }[];
}

/** What to do first, for each alert: ops/prometheus/alerts.yml is where that is written. */
export const alertActionsMarkdown = (): string => {
  const text = readFileSync(new URL("../../prometheus/alerts.yml", import.meta.url), "utf8");
  // Our own file; promtool checks its form.
  const { groups } = parse(text) as Rules;
  const lines = groups.flatMap(({ rules }) =>
    rules.map(({ alert, annotations }) => `| **${alert}** | ${annotations.action} |`),
  );
  return ["| Alert | Do first (more in docs/RUNBOOK.md, under the alert's name) |", "| --- | --- |", ...lines].join(
    "\n",
  );
};
