import { join } from "node:path";

export interface LabConfigOptions {
  redisUrl: string;
  segmentUrl: string;
  workspaces: readonly string[];
  /** More settings of `segment`, the same in every workspace. */
  segment: Readonly<Record<string, unknown>>;
}

/** The folder that a workspace reads, beside its configuration. */
export const sourceFolder = (folder: string, workspace: string): string => join(folder, "sources", workspace);

/** The lab's relay.yaml, as JSON (which YAML contains). The rate is out of the way: it is not what is tried here. */
export const labConfig = ({ redisUrl, segmentUrl, workspaces, segment }: LabConfigOptions): string => {
  const workspaceOf = (name: string) => ({
    segment: {
      writeKey: `lab-key-${name}`,
      endpoint: segmentUrl,
      settingsEndpoint: segmentUrl,
      eventsPerSecond: 100_000,
      ...segment,
    },
    connectors: { engagement: { source: { type: "folder", path: sourceFolder(".", name), poll: "200ms" } } },
  });
  const config = {
    version: 1,
    redis: { url: redisUrl },
    admin: { port: 0 },
    workspaces: Object.fromEntries(workspaces.map((name) => [name, workspaceOf(name)])),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
};
