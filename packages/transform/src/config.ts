import type { ConnectorConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { ConnectorRules } from "./core/rules.ts";

/** The mapping rules of a workspace's connectors, by connector. */
export const connectorRules = (workspace: string, config: WorkspaceConfig): ReadonlyMap<string, ConnectorRules> =>
  new Map(
    Object.entries(config.connectors).map(([connector, settings]) => [
      connector,
      rulesOf(connector, settings, {
        anonymousUsers: config.anonymousUsers,
        // Segment removes repeats over all its sources, so the salt names the workspace too.
        ...(config.dedup.scope === "connector" && { salt: `${workspace}/${connector}` }),
      }),
    ]),
  );

const rulesOf = (
  connector: string,
  { events, fields, eventNames }: ConnectorConfig,
  ofWorkspace: Pick<ConnectorRules, "anonymousUsers" | "salt">,
): ConnectorRules => ({
  connector,
  ...ofWorkspace,
  ...(events && { events }),
  fields: {
    remove: fields.remove,
    hash: fields.hash,
    ...(fields.hashKey && { hashKey: fields.hashKey.reveal() }),
  },
  eventNames,
});
