/** A second where it is half a minute otherwise. */
export const quickly = { lockMs: 600, stallCheckMs: 150, survivalMs: 60_000, giveBackMs: 300 };
