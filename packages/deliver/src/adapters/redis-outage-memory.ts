import { type Outages, outagesIn, type SharedText } from "./redis-outage.ts";

/** A shared text without Redis; `pause` is awaited before every access, so that tests can interleave pods. */
export const memoryText = (pause: () => Promise<void> = () => Promise.resolve()): SharedText => {
  let text: string | undefined;
  return {
    read: async () => {
      await pause();
      return text;
    },
    swap: async (before, after) => {
      await pause();
      if (text !== before) return false;
      text = after;
      return true;
    },
  };
};

/** The fake of {@link Outages}, for tests. */
export const memoryOutages = (): Outages => outagesIn(memoryText());
