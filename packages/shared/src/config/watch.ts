import { readFileSync } from "node:fs";
import type { LoadedConfig } from "./load.ts";

export interface ConfigWatcher {
  stop(): void;
}

interface WatchOptions {
  load: () => LoadedConfig;
  /** Called with every reading that differs from the one before, good or faulty; the caller keeps the last good one. */
  onChange: (loaded: LoadedConfig) => void;
  first: LoadedConfig;
  everyMs?: number;
}

/**
 * Follows the configuration and its secret files by content, at most `everyMs` late (default 2 s). Polls on
 * purpose: mounted Kubernetes secrets are symlinks that are swapped, which file notification does not report.
 */
export const watchConfig = ({ load, onChange, first, everyMs = 2_000 }: WatchOptions): ConfigWatcher => {
  let watched = first.watched;
  let known = contentsOf(watched);
  const timer = setInterval(() => {
    const now = contentsOf(watched);
    if (now === known) return;
    const loaded = load();
    watched = loaded.watched;
    known = contentsOf(watched);
    onChange(loaded);
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
};

const contentsOf = (files: readonly string[]): string =>
  files
    .map((file) => {
      try {
        return readFileSync(file, "utf8");
      } catch {
        return "(cannot be read)";
      }
    })
    .join("\0");
