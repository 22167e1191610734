import { parseConfig } from "./load.ts";

export const file = "/etc/relay/relay.yaml";

export const goodConfig = (text: string, variables: Record<string, string> = {}) => {
  const loaded = parseConfig(text, file, { variables });
  if (loaded.kind === "faulty") throw new Error(loaded.faults.join("\n"));
  return loaded;
};

/** The faults without the name of the file in front. */
export const faultsOf = (text: string, variables: Record<string, string> = {}): string[] => {
  const loaded = parseConfig(text, file, { variables });
  return loaded.kind === "ok" ? [] : loaded.faults.map((fault) => fault.replace(file, "relay.yaml"));
};

/** A good configuration; `more` stands in the workspace, `segment` below its writeKey. */
export const aConfig = ({ segment = [] as string[], more = [] as string[], connector = [] as string[] } = {}): string =>
  [
    "version: 1",
    "workspaces:",
    "  acme:",
    ...more.map((line) => `    ${line}`),
    "    segment:",
    "      writeKey: the-write-key",
    ...segment.map((line) => `      ${line}`),
    "    connectors:",
    "      engagement:",
    "        source: { type: folder, path: ./currents }",
    ...connector.map((line) => `        ${line}`),
  ].join("\n");
