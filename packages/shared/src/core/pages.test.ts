import { describe, expect, it } from "vitest";
import { openPagePool, type Pages } from "./pages.ts";

const mebibyte = 1024 * 1024;

/** A pool whose pages are known by numbers, in the order in which they were first seen. */
const aPool = (most: number) => {
  const pagesOfChunk = openPagePool(most);
  const seen: Buffer[] = [];
  const open = (pages: Pages, bytes: number): number => {
    const page = pages.open(bytes);
    if (page.length < bytes) throw new Error(`a page of ${page.length} bytes for ${bytes}`);
    if (!seen.includes(page)) seen.push(page);
    return seen.indexOf(page);
  };
  /** What one chunk gets that asks for so many bytes, one after the other; it is done when this returns. */
  const lend = (...sizes: number[]): number[] => {
    using pages = pagesOfChunk();
    return sizes.map((bytes) => open(pages, bytes));
  };
  return { pagesOfChunk, open, lend };
};

describe("pages that are used again", () => {
  it("gives a chunk the page of one that is done", () => {
    const { lend } = aPool(3);
    expect([lend(mebibyte), lend(mebibyte / 2), lend(mebibyte)]).toEqual([[0], [0], [0]]);
  });

  it("gives no page to two at a time", () => {
    const { pagesOfChunk, open, lend } = aPool(3);
    lend(mebibyte, mebibyte);
    using one = pagesOfChunk();
    using other = pagesOfChunk();
    const opened = [one, other, one, other, one].map((pages) => open(pages, mebibyte));
    expect(opened.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  });

  it("takes a page back once, however often it is told to", () => {
    const { pagesOfChunk, open, lend } = aPool(3);
    const pages = pagesOfChunk();
    open(pages, mebibyte);
    pages[Symbol.dispose]();
    pages[Symbol.dispose]();
    expect(lend(mebibyte, mebibyte)).toEqual([0, 1]);
  });

  it("makes another where none is large enough, and keeps the largest", () => {
    const { lend } = aPool(1);
    expect([lend(mebibyte), lend(2 * mebibyte), lend(1, 1)]).toEqual([[0], [1], [1, 2]]);
  });

  it("gives the smallest page that is large enough", () => {
    const { lend } = aPool(3);
    expect([lend(mebibyte, 2 * mebibyte, mebibyte / 2), lend(1, mebibyte)]).toEqual([
      [0, 1, 2],
      [2, 0],
    ]);
  });

  it("keeps no more pages than it was told to, and none of an extraordinary size", () => {
    const { lend } = aPool(2);
    expect(lend(mebibyte, mebibyte, mebibyte)).toEqual([0, 1, 2]);
    expect(lend(mebibyte, mebibyte, mebibyte)).toEqual([1, 0, 3]);
    expect(lend(5 * mebibyte)).toEqual([4]);
    expect(lend(5 * mebibyte)).toEqual([5]);
  });
});
