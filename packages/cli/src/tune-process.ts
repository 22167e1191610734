import { setFlagsFromString } from "node:v8";

/**
 * To be called before anything is allocated.
 *
 * Payloads are Buffers, outside of a heap of 30 MB, and V8 collects that heap when a third of its size has been used for
 * them: every 10 MB. That was a third of all CPU of a stage. Now it waits longer (ADR 0024 has the counts).
 */
export const tuneProcess = (): void => setFlagsFromString("--heap-growing-percent=120");
