import type { Tally } from "../contracts/tally.ts";

/**
 * The return value of a job that lives on in another queue, or of which all lies in the source still: its payload stays,
 * and nothing is counted.
 */
export const moved = "moved";

/** What a job returns: what became of its events, or that it lives on elsewhere. */
export type JobEnd = Tally | typeof moved;
