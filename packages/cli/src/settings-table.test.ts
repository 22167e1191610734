import { readFileSync } from "node:fs";
import { settings } from "@currents-relay/shared/config/settings.ts";
import { expect, test } from "vitest";
import { settingsMarkers, settingsTable, withSettingsTable } from "./settings-table.ts";

const { begin, end } = settingsMarkers;

test("the README's table of settings is the schema's; `pnpm settings` brings it up to date", () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  expect(readme).toBe(withSettingsTable(readme, settingsTable(settings)));
});

test("every setting has its row, with default, bounds and meaning", () => {
  const rows = settingsTable(settings).split("\n");
  expect(rows).toHaveLength(settings.length + 2);
  expect(rows).toContain(
    "| `workspaces.<workspace>.dedup.window` | `48h` | a duration from 1s to 30d | How long an event id is remembered |",
  );
  expect(rows).toContain(
    "| `workspaces.<workspace>.segment.writeKey` | required | secret | Write key of the Segment source |",
  );
});

test("only what stands between the markers is replaced, and twice is as good as once", () => {
  const once = withSettingsTable(`before\n${begin}\nold\n${end}\nafter\n`, "| new |");
  expect(once).toMatch(/^before\n[^]*\| new \|[^]*\nafter\n$/);
  expect(once).not.toContain("old");
  expect(withSettingsTable(once, "| new |")).toBe(once);
});

test.each(["nothing", begin, `${end}${begin}`, `${begin}${end}${begin}${end}`])(
  "%j has no place for the table",
  (text) => expect(() => withSettingsTable(text, "")).toThrow("must each be there once"),
);

test("a pipe in a text does not end its cell", () => {
  const [first] = settings;
  if (!first) throw new Error("there are settings");
  expect(settingsTable([{ ...first, description: "a | b" }])).toContain("a \\| b");
});
