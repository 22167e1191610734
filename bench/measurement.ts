import type { EventFiles } from "./event-files.ts";
import type { Figure, Readings } from "./figure.ts";

/** What all measurements share. */
export interface Bench {
  /** A folder of this run's own, on disk; removed at its end. */
  folder: string;
  /** Fewer events and seconds, for a first look. */
  isQuick: boolean;
  files: EventFiles;
  /** Says on stderr what is going on. */
  say: (what: string) => void;
  /** Aborted when the bench is interrupted. */
  signal: AbortSignal;
}

/** One group of figures that are taken together. */
export interface Measurement {
  name: string;
  /** What is done, in a line. */
  about: string;
  figures: readonly Figure[];
  /** How often at most; left out, as often as asked. */
  maxRuns?: number;
  /** Not part of `--quick` unless asked for by name. */
  isLong?: boolean;
  /** Starts what it needs, takes the figures once, and leaves nothing running. */
  run: (bench: Bench) => Promise<Readings>;
}
