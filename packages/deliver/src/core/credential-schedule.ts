import { isRefusal, type OutageState, type Trouble } from "./outage-state.ts";

/** While the endpoint cannot say: 1 s, 2 s, 4 s, ... up to this. Also the longest wait while a key is not known. */
export const maxImpatientMs = 30_000;

export interface Checks {
  state: OutageState;
  /** How often the key is verified while delivering (`credentialCheckEvery`). */
  everyMs: number;
  /** When this pod last had an answer; undefined: not yet. */
  answeredMs: number | undefined;
  /** How many answers in a row were `undecided`, the last one included. */
  undecidedInRow: number;
}

/** How long (ms) after the last word the next one is asked for. */
export const checkEveryMs = ({ state, everyMs, undecidedInRow }: Checks): number => {
  const impatientMs = Math.min(everyMs, maxImpatientMs);
  if (undecidedInRow > 0) return Math.min(impatientMs, 1_000 * 2 ** (undecidedInRow - 1));
  switch (state.kind) {
    case "unverified":
      return Math.min(impatientMs, 1_000);
    case "flowing":
    case "replaying":
      return everyMs;
    case "holding":
      // A good word after a refusal lets a trial batch go: that is not asked for more often than while delivering.
      return state.trouble && isRefusal(state.trouble.reason) ? everyMs : impatientMs;
    default:
      return state satisfies never;
  }
};

/** The last word that anybody had, as far as this pod knows; undefined: none on these credentials. */
const lastWordMs = ({ state, answeredMs }: Checks): number | undefined => {
  const shared = state.kind === "holding" && state.trouble ? troubleWordMs(state.trouble) : state.lastVerifiedMs;
  return answeredMs === undefined ? shared : Math.max(answeredMs, shared ?? 0);
};

const troubleWordMs = ({ reason, sinceMs }: Trouble) => (reason === "unverified" ? undefined : sinceMs);

/**
 * How long (ms) until the settings endpoint is to be asked again; 0: now. Follows the state that all pods share, so
 * one pod's answer puts off the others' questions. Never longer than {@link checkEveryMs}, whatever the clocks say.
 */
export const nextCheckInMs = (checks: Checks, nowMs: number): number => {
  const wordMs = lastWordMs(checks);
  if (wordMs === undefined) return 0;
  const everyMs = checkEveryMs(checks);
  return Math.max(0, Math.min(everyMs, wordMs + everyMs - nowMs));
};

/**
 * How old (ms) the last word on a key may be to send on it. Whoever asks on time, however slowly it is answered, stays
 * below it; a process that was stopped or asleep does not, and asks before it sends.
 */
export const currentForMs = ({ everyMs, timeoutMs }: { everyMs: number; timeoutMs: number }): number =>
  everyMs + timeoutMs + latenessMs;
const latenessMs = 2_000;
