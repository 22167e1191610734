/** What one connector asks of the mapping: its part of relay.yaml, resolved. */
export interface ConnectorRules {
  /** The connector's name. */
  connector: string;
  /** Event types as globs; left out: every type that Braze exports to Segment, and types that we do not know. */
  events?: readonly string[];
  fields: FieldRules;
  /** Event type -> the call's event name, instead of Braze's. */
  eventNames: Readonly<Record<string, string>>;
  /** true: events of users without external_user_id go out with anonymousId only. */
  anonymousUsers: boolean;
  /**
   * Makes the messageIds of this connector its own (dedup.scope: connector). Segment removes repeats over all of its
   * sources, so this should name the workspace as well as the connector.
   */
  salt?: string;
}

/** Braze's field transformations, by storage field name. */
export interface FieldRules {
  /** Fields whose text becomes [REDACTED]. */
  remove: readonly string[];
  /** Fields whose text becomes its SHA-256, in hex. */
  hash: readonly string[];
  /** Makes the hashes keyed: HMAC-SHA-256. */
  hashKey?: string;
}
