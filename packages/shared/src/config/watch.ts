import type { LoadedConfig } from "./load.ts";
import { type FilesRead, readDigest, readTextFile } from "./read-file.ts";

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
 * Kubernetes secrets are symlinks that are swapped, which file notification does not report. A `load` that throws is a
 * faulty reading: no edit of a file may end a process.
 */
export const watchConfig = ({ first, load, onChange, everyMs = 2_000 }: WatchOptions): ConfigWatcher => {
  let known = first.filesRead;
  const timer = setInterval(() => {
    const found = new Map([...known.keys()].map((file) => [file, readDigest(readTextFile(file))]));
    if ([...known].every(([file, digest]) => found.get(file) === digest)) return;
    const loaded = loadedOrFault(load, first.file, found);
    known = loaded.filesRead;
    onChange(loaded);
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
};

const loadedOrFault = (load: () => LoadedConfig, file: string, filesRead: FilesRead): LoadedConfig => {
  try {
    return load();
  } catch (cause) {
    // Its own words may quote the file, and so a secret.
    const place = cause instanceof Error ? `${cause.name} ${/at .*/.exec(cause.stack ?? "")?.[0] ?? ""}` : typeof cause;
    return { kind: "faulty", file, filesRead, faults: [`${file}: cannot be read because of a bug in relay: ${place}`] };
  }
};
