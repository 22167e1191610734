// node ops/grafana/build.ts: writes the dashboards that Grafana is provisioned with, from source/.
import { writeFileSync } from "node:fs";
import { dashboardFiles } from "./source/all.ts";

for (const [name, text] of await dashboardFiles())
  writeFileSync(new URL(`./dashboards/${name}`, import.meta.url), text);
