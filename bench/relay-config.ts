import { join } from "node:path";

export interface RelayConfigOptions {
  redisUrl: string;
  segmentUrl: string;
  workspaces: readonly string[];
  /** How often folders are listed. */
  poll: string;
  /** With which token Braze posts; left out, each workspace reads a folder. */
  httpToken?: string;
  /** More settings of `segment`, by workspace or (under "*") for all. */
  segment?: Readonly<Record<string, object>>;
}

/** The folder that a workspace reads, beside its configuration. */
export const sourceFolder = (folder: string, workspace: string): string => join(folder, "sources", workspace);

export const writeKeyOf = (workspace: string): string => `bench-key-${workspace}`;

/** The bench's relay.yaml, as JSON (which YAML contains). Rate and budget are out of the way unless set. */
export const relayConfig = (options: RelayConfigOptions): string => {
  const { redisUrl, segmentUrl, workspaces, poll, httpToken, segment = {} } = options;
  const sourceOf = (name: string) =>
    httpToken ? { type: "http", tokens: [httpToken] } : { type: "folder", path: sourceFolder(".", name), poll };
  const workspaceOf = (name: string) => ({
    segment: {
      writeKey: writeKeyOf(name),
      endpoint: segmentUrl,
      settingsEndpoint: segmentUrl,
      eventsPerSecond: 1_000_000,
      ...segment["*"],
      ...segment[name],
    },
    spoolBudget: "100GB",
    connectors: { engagement: { source: sourceOf(name) } },
  });
  const config = {
    version: 1,
    redis: { url: redisUrl },
    http: { port: 0 },
    workspaces: Object.fromEntries(workspaces.map((name) => [name, workspaceOf(name)])),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
};
