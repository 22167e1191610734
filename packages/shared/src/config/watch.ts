import type { LoadedConfig } from "./load.ts";
import { readDigest, readTextFile } from "./read-file.ts";

export interface ConfigWatcher {
  stop(): void;
}

interface WatchOptions {
  /** What was loaded when the process began; a change since then is seen too. */
  first: LoadedConfig;
  load: () => LoadedConfig;
  /** Called with every reading after a change, good or faulty; the caller keeps the last good one. */
  onChange: (loaded: LoadedConfig) => void;
  /** Default 2 s. */
  everyMs?: number;
}

/**
 * Follows the configuration and its secret files by content, at most `everyMs` late. Polls on purpose: mounted
 * Kubernetes secrets are symlinks that are swapped, which file notification does not report.
 */
export const watchConfig = ({ first, load, onChange, everyMs = 2_000 }: WatchOptions): ConfigWatcher => {
  let known = first.filesRead;
  const timer = setInterval(() => {
    const isAsKnown = [...known].every(([file, digest]) => readDigest(readTextFile(file)) === digest);
    if (isAsKnown) return;
    const loaded = load();
    known = loaded.filesRead;
    onChange(loaded);
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
};
