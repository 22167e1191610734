/** Room for so many bytes at least; what is in it is of no meaning. */
export type OpenPage = (bytes: number) => Buffer;

/** A page that nobody uses again. */
export const newPage: OpenPage = (bytes) => Buffer.allocUnsafeSlow(bytes);

/** What one job has borrowed. To be disposed of when nobody reads what is in it any more: others write there then. */
export interface Pages extends Disposable {
  open: OpenPage;
}

const step = 256 * 1024;
/** A chunk of 1 MiB of Avro asks for half of it for its calls. What is larger is rare, and is not kept. */
const mostPageBytes = 4 * 1024 * 1024;

/**
 * Lends pages and keeps up to `most` of them, the largest, for the jobs to come. V8 counts Buffers as memory that was used,
 * and collects the whole heap by that count: ADR 0024.
 */
export const openPagePool = (most: number): (() => Pages) => {
  let free: Buffer[] = [];

  const take: OpenPage = (bytes) => {
    const index = free.findLastIndex(({ length }) => length >= bytes); // the smallest that is large enough
    const [page = newPage(Math.ceil(bytes / step) * step)] = index < 0 ? [] : free.splice(index, 1);
    return page;
  };
  const giveBack = (pages: readonly Buffer[]): void => {
    const kept = pages.filter(({ length }) => length <= mostPageBytes);
    free = [...free, ...kept].toSorted((a, b) => b.length - a.length).slice(0, most);
  };

  return () => {
    const lent: Buffer[] = [];
    return {
      open: (bytes) => {
        const page = take(bytes);
        lent.push(page);
        return page;
      },
      [Symbol.dispose]: () => giveBack(lent.splice(0)),
    };
  };
};
