import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { alertRules, opsFolder } from "../support/ops-queries.ts";

test("the runbook has a chapter for every alert, under the alert's name", () => {
  const text = readFileSync(join(opsFolder, "../docs/RUNBOOK.md"), "utf8");
  const headings = [...text.matchAll(/^#+ (\S+)/gm)].map(([, heading]) => heading);
  expect(alertRules().filter(({ alert }) => !headings.includes(alert))).toEqual([]);
});
