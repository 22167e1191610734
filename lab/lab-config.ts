import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface LabConfigOptions {
  redisUrl: string;
  segmentUrl: string;
  workspaces: readonly string[];
  /** The write keys of workspaces that do not have {@link firstKey}. */
  writeKeys?: ReadonlyMap<string, string>;
  /** More settings of `segment`, the same in every workspace. */
  segment: Readonly<Record<string, unknown>>;
  expiry: Readonly<Record<string, unknown>>;
}

/** How often the lab's relay verifies a write key. */
export const checkEveryMs = 2_000;

/** The write key that a workspace begins with. */
export const firstKey = (workspace: string): string => `lab-key-${workspace}`;

/** The folder that a workspace reads, beside its configuration. */
export const sourceFolder = (folder: string, workspace: string): string => join(folder, "sources", workspace);

/** The lab's relay.yaml, as JSON (which YAML contains). The rate is out of the way: it is not what is tried here. */
export const labConfig = ({
  redisUrl,
  segmentUrl,
  workspaces,
  writeKeys,
  segment,
  expiry,
}: LabConfigOptions): string => {
  const workspaceOf = (name: string) => ({
    segment: {
      writeKey: writeKeys?.get(name) ?? firstKey(name),
      endpoint: segmentUrl,
      settingsEndpoint: segmentUrl,
      eventsPerSecond: 100_000,
      credentialCheckEvery: `${checkEveryMs}ms`,
      ...segment,
    },
    expiry,
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

/** Replaces the configuration as an editor does: whoever reads it meets the old one or the new one, whole. */
export const writeConfig = async (path: string, options: LabConfigOptions): Promise<void> => {
  await writeFile(`${path}.new`, labConfig(options));
  await rename(`${path}.new`, path);
};
