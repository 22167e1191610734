import { rulesKey } from "@currents-relay/shared/core/keys.ts";
import type { Redis } from "ioredis";
import type { ConnectorRules } from "../core/rules.ts";

/** As it is kept; the key of keyed hashes is a secret, and stays out of Redis. */
type KeptRules = ConnectorRules & { isKeyed?: true };

export interface RetiredRules {
  /** What is configured now, kept for when it no longer is. Never rejects. */
  keep: (workspace: string, rules: ReadonlyMap<string, ConnectorRules>) => Promise<void>;
  /** The last rules of a connector that is not configured any more; undefined where nobody knows them. */
  recall: (workspace: string, connector: string) => Promise<ConnectorRules | undefined>;
}

/** The rules of a connector: those that are configured, else those that it had last. */
export const rulesInForce = (retired: RetiredRules, workspace: string, rules: ReadonlyMap<string, ConnectorRules>) => {
  void retired.keep(workspace, rules); // nothing waits for it
  return async (connector: string): Promise<ConnectorRules | undefined> =>
    rules.get(connector) ?? (await retired.recall(workspace, connector));
};

/**
 * The rules that connectors had last, so that what was taken for one can go on to its end when the connector is removed:
 * those that this process knew, else those that any process has left in Redis.
 */
export const retiredRules = (redis: Redis): RetiredRules => {
  const known = new Map<string, ConnectorRules>();
  const nameOf = (workspace: string, connector: string) => `${workspace}/${connector}`;
  return {
    keep: async (workspace, rules) => {
      for (const [connector, one] of rules) known.set(nameOf(workspace, connector), one);
      const kept = [...rules].flatMap(([connector, one]) => [connector, JSON.stringify(keptOf(one))]);
      // With Redis away for the moment this process knows them all the same, and the next start tries again.
      if (kept.length > 0) await redis.hset(rulesKey(workspace), ...kept).catch(() => undefined);
    },
    recall: async (workspace, connector) => {
      const ours = known.get(nameOf(workspace, connector));
      if (ours) return ours;
      const text = await redis.hget(rulesKey(workspace), connector);
      if (text === null) return undefined;
      const { isKeyed, ...rules } = JSON.parse(text) as KeptRules; // written above
      if (isKeyed) return undefined;
      known.set(nameOf(workspace, connector), rules);
      return rules;
    },
  };
};

const keptOf = ({ fields, ...rules }: ConnectorRules): KeptRules => {
  const { hashKey, ...rest } = fields;
  return { ...rules, fields: rest, ...(hashKey !== undefined && fields.hash.length > 0 && { isKeyed: true }) };
};
