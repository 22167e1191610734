/** Lets so many tasks run at once: `begin` resolves when there is room for another one, `ended` when all have ended. */
export const atOnce = (most: number) => {
  const underWay = new Set<Promise<void>>();
  return {
    begin: async (task: () => Promise<void>): Promise<void> => {
      const running = task().finally(() => underWay.delete(running));
      underWay.add(running);
      if (underWay.size >= most) await Promise.race(underWay);
    },
    ended: async (): Promise<void> => void (await Promise.all(underWay)),
  };
};
