import { openPagePool, type Pages } from "../core/pages.ts";

/** A pool of pages, and all different ones that it has lent. */
export const countedPages = (most: number): { openPages: () => Pages; lent: ReadonlySet<Buffer> } => {
  const pool = openPagePool(most);
  const lent = new Set<Buffer>();
  const openPages = (): Pages => {
    const { open, [Symbol.dispose]: dispose } = pool();
    return {
      open: (bytes) => {
        const page = open(bytes);
        lent.add(page);
        return page;
      },
      [Symbol.dispose]: dispose,
    };
  };
  return { openPages, lent };
};
