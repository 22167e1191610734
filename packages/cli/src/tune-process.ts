import { setFlagsFromString } from "node:v8";

/**
 * What a process tells V8 of its memory (ADR 0024 has the counts). To be called before anything is allocated.
 *
 * Payloads are Buffers, outside of a heap of 30 MB, and V8 collects that heap when a third of its size has been used for
 * them: every 10 MB. That was a third of all CPU of a stage. Now it waits longer. Deliver keeps few objects, so that
 * scavenges cost it little: its space for young ones stays at the 1 MB it begins with, and what was sent is free soon.
 */
export const tuneProcess = (command: string | undefined): void => {
  setFlagsFromString("--heap-growing-percent=100");
  if (command === "deliver") setFlagsFromString("--semi-space-growth-factor=1");
};
