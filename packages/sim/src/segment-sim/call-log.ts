import { open } from "node:fs/promises";

export interface CallLog {
  /** Adds one line; it is on disk at most 200 ms later (or after `close`). */
  add(line: string): void;
  /** Writes what is left and closes the file. Throws where a write failed, now or earlier. */
  close(): Promise<void>;
}

const flushEveryMs = 200;
const flushAtCharacters = 1_000_000;

/** Appends lines to the file, in order, in few large writes. A failed write ends the log and shows at `close`. */
export const openCallLog = async (path: string): Promise<CallLog> => {
  const file = await open(path, "a");
  let waiting: string[] = [];
  let characters = 0;
  let writing: Promise<unknown> = Promise.resolve();
  const flush = (): void => {
    if (waiting.length === 0) return;
    const text = waiting.join("\n") + "\n";
    waiting = [];
    characters = 0;
    writing = writing.then(() => file.appendFile(text));
    writing.catch(() => clearInterval(timer)); // reported by close(), which waits for the same promise
  };
  const timer = setInterval(flush, flushEveryMs);
  timer.unref();
  return {
    add(line) {
      waiting.push(line);
      characters += line.length;
      if (characters >= flushAtCharacters) flush();
    },
    async close() {
      clearInterval(timer);
      flush();
      try {
        await writing;
      } finally {
        await file.close();
      }
    },
  };
};
