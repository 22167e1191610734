import { format } from "prettier";
import { type Dashboard, dashboardJson } from "./dashboard.ts";
import { overview } from "./overview.ts";
import { stage } from "./stage.ts";
import { workspace } from "./workspace.ts";

export const dashboards: readonly Dashboard[] = [
  overview,
  workspace,
  stage("ingest"),
  stage("transform"),
  stage("deliver"),
];

/** File name -> its text, formatted as the repository's JSON is. */
export const dashboardFiles = async (): Promise<Map<string, string>> =>
  new Map(
    await Promise.all(
      dashboards.map(async (dashboard): Promise<[string, string]> => [
        `${dashboard.uid}.json`,
        await format(JSON.stringify(dashboardJson(dashboard)), { parser: "json", printWidth: 120 }),
      ]),
    ),
  );
