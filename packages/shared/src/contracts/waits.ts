/** How long a job waits for its payload when the giver has not finished handing it over. */
export const payloadWaitMs = 5_000;

/** A removed connector's rules and source are gone with it, so its work waits for it to come back. */
export const removedConnectorWaitMs = 30_000;
