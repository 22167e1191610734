/** When a scope was looked at last, and when something new was found in it. */
export interface Turn {
  /** The number of the round. */
  listedIn: number;
  /** When its newest object landed (UNIX ms). */
  newestMs: number;
}

/** Braze writes a file every five minutes, or sooner: an event type without one for this long is quiet. */
const quietAfterMs = 30 * 60_000;
/** However many are busy, the quiet ones get their turns. */
const leastQuiet = 4;

/**
 * Which event types a round lists: each that had something new lately, and of the quiet ones as many as there is room
 * for, the longest unlisted first. One that was never listed is listed at once.
 */
export const scopesInTurn = (
  scopes: Iterable<string>,
  turns: ReadonlyMap<string, Turn>,
  { nowMs, most }: { nowMs: number; most: number },
): string[] => {
  const all = [...scopes].map((scope) => ({ scope, turn: turns.get(scope) }));
  const isBusy = ({ turn }: (typeof all)[number]) => turn === undefined || nowMs - turn.newestMs < quietAfterMs;
  const busy = all.filter(isBusy);
  const quiet = all
    .filter((one) => !isBusy(one))
    .toSorted((a, b) => (a.turn?.listedIn ?? 0) - (b.turn?.listedIn ?? 0))
    .slice(0, Math.max(leastQuiet, most - busy.length));
  return [...busy, ...quiet].map(({ scope }) => scope);
};
