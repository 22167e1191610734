import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { settings } from "@currents-relay/shared/config/settings.ts";
import { settingsTable, withSettingsTable } from "./settings-table.ts";

// `pnpm settings`: brings the table in the README up to date with the schema.
const readme = fileURLToPath(new URL("../../../README.md", import.meta.url));
writeFileSync(readme, withSettingsTable(readFileSync(readme, "utf8"), settingsTable(settings)));
