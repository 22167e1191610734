import type { ConnectorConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { Reread } from "@currents-relay/shared/contracts/jobs.ts";
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

/**
 * Makes equal rules one object: what is compiled of rules is kept by it, so that hundreds of workspaces with the same
 * rules share it. Remembers all that it was given: what is configured, and what was before edits.
 */
export const sharedRules = () => {
  const known = new Map<string, ConnectorRules>();
  const shared = (rules: ConnectorRules): ConnectorRules => {
    const text = JSON.stringify(rules);
    const same = known.get(text) ?? rules;
    known.set(text, same);
    return same;
  };
  return (rules: ReadonlyMap<string, ConnectorRules>): ReadonlyMap<string, ConnectorRules> =>
    new Map([...rules].map(([connector, one]) => [connector, shared(one)]));
};

/** The rules for what is read again: with messageIds that Segment does not know, where that was asked for. */
export const rulesFor = (rules: ConnectorRules, reread: Reread | undefined): ConnectorRules => {
  if (reread?.salt === undefined) return rules;
  const bySalt = salted.get(rules) ?? new Map<string, ConnectorRules>();
  salted.set(rules, bySalt);
  // The same object each time: what is compiled of rules is kept by it.
  const found = bySalt.get(reread.salt) ?? { ...rules, salt: [rules.salt, reread.salt].filter(Boolean).join("/") };
  bySalt.set(reread.salt, found);
  return found;
};
const salted = new WeakMap<ConnectorRules, Map<string, ConnectorRules>>();

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
