/** A removed connector's rules and source are gone with it, so its work waits for it to come back. */
export const removedConnectorWaitMs = 30_000;
