/** Work of a removed connector whose source, or keyed rules, no process knows any more waits for it to come back. */
export const removedConnectorWaitMs = 30_000;
