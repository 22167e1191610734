import { setTimeout as delay } from "node:timers/promises";
import { backlogOf } from "../core/flow.ts";
import type { PageView } from "./page-view.ts";

/** What the charts draw: seconds since 1970, and as many values of each. */
export interface Series {
  atSeconds: number[];
  ingested: number[];
  delivered: number[];
  waiting: number[];
  held: number[];
}

export interface LivePage {
  /** As it is now, and what is known of before; undefined: it could not be read in time. Rejects as `read` does. */
  look: () => Promise<{ view: PageView; series: Series } | undefined>;
  /** Called with each new view until the returned function is called; undefined: there are too many viewers. */
  watch: (show: (view: PageView) => void) => (() => void) | undefined;
}

export interface LivePageOptions {
  read: () => Promise<PageView>;
  onFault: (error: unknown) => void;
  everyMs?: number;
  /** So long whoever loads the page waits for a reading; default: 5 s. */
  withinMs?: number | undefined;
  mostViewers?: number;
}

const keptPoints = 300;

export const pointOf = ({ atMs, stages, delivered, held }: PageView) => ({
  atSeconds: Math.round(atMs / 1_000),
  ingested: stages.ingest.rate,
  delivered,
  waiting: backlogOf({
    waiting: { ingest: stages.ingest.waiting, transform: stages.transform.waiting, deliver: stages.deliver.waiting },
    held: 0,
  }),
  held,
});

/**
 * At most one reading under way. Commands wait for ever while Redis is away (see connectRedis), so readings begun
 * meanwhile would pile up and all be done when it is back.
 */
const oneReading = ({ read, withinMs = 5_000 }: LivePageOptions, onRead: (view: PageView) => void) => {
  let underWay: { reading: Promise<PageView>; sinceMs: number } | undefined;
  const begin = async (): Promise<PageView> => {
    const view = await read();
    onRead(view);
    return view;
  };
  const end = () => (underWay = undefined);
  const current = () => (underWay ??= { reading: begin().finally(end), sinceMs: performance.now() });
  return {
    readNow: () => current().reading,
    /** undefined: nothing came in time. Who comes later than that is told at once, and does not wait as well. */
    readInTime: async (): Promise<PageView | undefined> => {
      const { reading, sinceMs } = current();
      const leftMs = sinceMs + withinMs - performance.now();
      if (leftMs <= 0) return undefined;
      return Promise.race([reading, delay(leftMs, undefined, { ref: false })]);
    },
  };
};

/** One reading for all who look, and none while nobody does. */
export const livePage = (options: LivePageOptions): LivePage => {
  const { onFault, everyMs = 2_000, mostViewers = 50 } = options;
  const viewers = new Set<(view: PageView) => void>();
  let points: ReturnType<typeof pointOf>[] = [];
  let latest: { view: PageView; readMs: number } | undefined;
  let isReading = false;

  const { readNow, readInTime } = oneReading(options, (view) => {
    // The first one knows no rates yet.
    if (latest) points = [...points, pointOf(view)].slice(-keptPoints);
    latest = { view, readMs: performance.now() };
  });

  const readWhileWatched = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    while (viewers.size > 0) {
      try {
        // Waits as long as Redis is away: the viewers see by themselves that nothing comes.
        const view = await readNow();
        for (const show of viewers) show(view);
      } catch (error) {
        onFault(error);
      }
      await delay(everyMs, undefined, { ref: false });
    }
    isReading = false;
  };

  return {
    look: async () => {
      // Who loads the page again and again costs no more than who watches it.
      const isFresh = latest !== undefined && performance.now() - latest.readMs < everyMs;
      const view = isFresh && latest ? latest.view : await readInTime();
      if (!view) return undefined;
      const of = (key: keyof Series) => points.map((point) => point[key]);
      const series = {
        atSeconds: of("atSeconds"),
        ingested: of("ingested"),
        delivered: of("delivered"),
        waiting: of("waiting"),
        held: of("held"),
      };
      return { view, series };
    },
    watch: (show) => {
      if (viewers.size >= mostViewers) return undefined;
      viewers.add(show);
      void readWhileWatched();
      return () => viewers.delete(show);
    },
  };
};
