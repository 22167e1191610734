/** Finds the event type of a file: from its record's full name, else from its key. Undefined when neither says. */
export type EventTypeReader = (recordName: string, key: string) => string | undefined;

/** Older schemas write `users_messages_email_Click`, and not every writer keeps the case. */
const folded = (name: string): string => name.replaceAll(/[._]/g, "").toLowerCase();

/** `dataexport.S3.inner.users.messages.email.Click`: the type begins at the first `users` that is a whole word. */
const fromUsersOn = (name: string): string | undefined => /(?:^|[^a-z0-9])(users[._].+)$/i.exec(name)?.[1];

const fromKey = (key: string): string | undefined => /(?:^|\/)event_type=([^/]+)\//.exec(key)?.[1];

/**
 * Makes the reader for a list of known event types (the catalog's). A known type is given in the catalog's spelling,
 * whatever dots, underscores and case the file has. A type that is not known is taken as it is written with dots;
 * one with underscores gives way to the key's and has its underscores read as dots when the key has none.
 * Braze, "event delivery semantics": trust the schema first, the path second.
 */
export const eventTypeReader = (knownTypes: Iterable<string>): EventTypeReader => {
  const known = new Map<string, string>();
  for (const type of knownTypes) if (!known.has(folded(type))) known.set(folded(type), type);

  return (recordName, key) => {
    const inName = fromUsersOn(recordName);
    const knownByName = inName && known.get(folded(inName));
    if (knownByName) return knownByName;
    if (inName?.startsWith("users.")) return inName;
    const inKey = fromKey(key);
    if (inKey) return known.get(folded(inKey)) ?? inKey;
    return inName?.replaceAll("_", ".");
  };
};
