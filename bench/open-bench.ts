import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEventFiles } from "./event-files.ts";
import type { Bench } from "./measurement.ts";

/** Runs with a folder that is removed afterwards; SIGINT and SIGTERM end what runs, in order. */
export const withBench = async <T>(isQuick: boolean, use: (bench: Bench) => Promise<T>): Promise<T> => {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const folder = await mkdtemp(join(tmpdir(), "relay-bench-"));
  const startedMs = performance.now();
  try {
    return await use({
      folder,
      isQuick,
      files: openEventFiles(join(folder, "files")),
      say: (what) => console.error(`${((performance.now() - startedMs) / 1_000).toFixed(0).padStart(4)} s  ${what}`),
      signal: interrupted.signal,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
};
