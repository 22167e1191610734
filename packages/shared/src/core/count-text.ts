/** 1234567 -> "1,234,567". By hand, as the first use of Intl maps 19 MB of language data into a process. */
export const countText = (count: number): string => String(count).replace(/\B(?=(?:\d{3})+(?!\d))/g, ",");

/** 1 file, 2 files. */
export const countedText = (count: number, thing: string): string =>
  `${countText(count)} ${thing}${count === 1 ? "" : "s"}`;
