import type { Setting } from "@currents-relay/shared/config/settings.ts";

export const settingsMarkers = { begin: "<!-- settings:begin -->", end: "<!-- settings:end -->" } as const;

/** Every setting as a row of a Markdown table, in the order of the schema. */
export const settingsTable = (settings: readonly Setting[]): string => {
  const rows = settings.map((setting) => [
    pathOf(setting),
    defaultOf(setting),
    setting.kind ?? "",
    setting.description,
  ]);
  const lines = [["Setting", "Default", "Allowed", "What it is"], ["---", "---", "---", "---"], ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
};

/** The text with the table between its markers. Throws where it does not have each marker once, in order. */
export const withSettingsTable = (text: string, table: string): string => {
  const { begin, end } = settingsMarkers;
  const [before, rest, ...more] = text.split(begin);
  const [, after, ...others] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined || more.length + others.length > 0)
    throw new Error(`the lines ${begin} and ${end} must each be there once, in this order`);
  // Without the comments around it, Prettier would pad every row to the longest one.
  const block = `<!-- prettier-ignore-start -->\n${table}\n<!-- prettier-ignore-end -->`;
  return `${before}${begin}\n\n${block}\n\n${end}${after}`;
};

/** `workspaces.<workspace>.segment`; a key that only holds others is bold. */
const pathOf = ({ path, kind }: Setting): string => {
  const keys = path.map((key, index) => (key === "*" ? `<${(path[index - 1] ?? "").replace(/s$/, "")}>` : key));
  return kind === undefined ? `**\`${keys.join(".")}\`**` : `\`${keys.join(".")}\``;
};

const defaultOf = ({ isRequired, default: value, kind }: Setting): string => {
  if (isRequired) return "required";
  return value === undefined || kind === undefined
    ? ""
    : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
};
