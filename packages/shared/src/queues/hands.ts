/** How many jobs of one kind a process works on at a time, whatever the number of its workspaces. */
export interface Hands {
  /** Resolves with true when one is free, in the order asked for; it must be given back. False: `signal` came first. */
  take: (signal?: AbortSignal) => Promise<boolean>;
  /** Takes one if one is free. */
  takeNow: () => boolean;
  give: () => void;
  /** How many are free; below 0, how many are waited for. */
  spare: () => number;
}

export const openHands = (count: number): Hands => {
  const waiting = new Set<() => void>();
  let free = count;

  const takeNow = (): boolean => {
    if (free === 0) return false;
    free -= 1;
    return true;
  };

  const take = async (signal?: AbortSignal): Promise<boolean> => {
    if (signal?.aborted) return false;
    if (takeNow()) return true;
    const turn = Promise.withResolvers<boolean>();
    const begin = () => turn.resolve(true);
    const leave = () => {
      if (waiting.delete(begin)) turn.resolve(false);
    };
    waiting.add(begin);
    signal?.addEventListener("abort", leave, { once: true });
    return turn.promise.finally(() => signal?.removeEventListener("abort", leave));
  };

  return {
    take,
    takeNow,
    give: () => {
      const [next] = waiting;
      if (!next) free += 1;
      else {
        waiting.delete(next);
        next();
      }
    },
    spare: () => free - waiting.size,
  };
};
