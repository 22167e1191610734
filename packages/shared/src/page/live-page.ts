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
  /** As it is now, and what is known of before. */
  look: () => Promise<{ view: PageView; series: Series }>;
  /** Called with each new view until the returned function is called; undefined: there are too many viewers. */
  watch: (show: (view: PageView) => void) => (() => void) | undefined;
}

export interface LivePageOptions {
  read: () => Promise<PageView>;
  onFault: (error: unknown) => void;
  everyMs?: number;
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

/** One reading for all who look, and none while nobody does. */
export const livePage = ({ read, onFault, everyMs = 2_000, mostViewers = 50 }: LivePageOptions): LivePage => {
  const viewers = new Set<(view: PageView) => void>();
  let points: ReturnType<typeof pointOf>[] = [];
  let latest: { view: PageView; readMs: number } | undefined;
  let isReading = false;

  const readNow = async (): Promise<PageView> => {
    const view = await read();
    // The first one knows no rates yet.
    if (latest) points = [...points, pointOf(view)].slice(-keptPoints);
    latest = { view, readMs: performance.now() };
    return view;
  };

  const readWhileWatched = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    while (viewers.size > 0) {
      try {
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
      const view = isFresh && latest ? latest.view : await readNow();
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
