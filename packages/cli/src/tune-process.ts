import { setFlagsFromString } from "node:v8";

/** They handle Buffers one after the other, and keep few objects. */
const scavengedOften: readonly (string | undefined)[] = ["ingest", "deliver"];

/**
 * What a process tells V8 of its memory (ADR 0024 has the counts). To be called before anything is allocated.
 *
 * Payloads are Buffers, outside of a heap of 30 MB, and V8 collects that heap when a third of its size has been used for
 * them: every 10 MB. That was a third of all CPU of a stage. Now it waits longer; and where scavenges cost little, the space
 * for young objects stays at the 1 MB it begins with, so that what no longer lives is free before it is counted.
 */
export const tuneProcess = (command: string | undefined): void => {
  setFlagsFromString("--heap-growing-percent=120");
  if (scavengedOften.includes(command)) setFlagsFromString("--semi-space-growth-factor=1");
};
