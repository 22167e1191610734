import type { RunSummary } from "@currents-relay/shared/stage/status.ts";
import { counted, formatCount } from "./output.ts";

const terminalEveryMs = 200;
const plainEveryMs = 2_000;
const rateOverMs = 1_000;
const clearLine = "\r\u001b[2K";

export interface Progress {
  /** Called as often as one likes; shows as often as is good. */
  show(summary: RunSummary): void;
  stop(): void;
}

interface Screen {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

/** Shows how a run goes: one line that changes on a terminal; elsewhere a line every two seconds with news. */
export const openProgress = (screen: Screen = process.stderr, now = () => performance.now()): Progress => {
  const startedMs = now();
  let shownMs = startedMs;
  let shown = "";
  let measured = { ms: startedMs, delivered: 0, perSecond: 0 };
  return {
    show: (summary) => {
      const nowMs = now();
      const { delivered } = summary.events;
      const tookMs = nowMs - measured.ms;
      if (tookMs >= rateOverMs)
        measured = { ms: nowMs, delivered, perSecond: ((delivered - measured.delivered) * 1_000) / tookMs };
      if (nowMs - shownMs < (screen.isTTY ? terminalEveryMs : plainEveryMs)) return;
      shownMs = nowMs;
      const news = progressText(summary);
      if (news === shown && !screen.isTTY) return;
      shown = news;
      const line = `${((nowMs - startedMs) / 1_000).toFixed(0)} s: ${formatCount(measured.perSecond)} events/s, ${news}`;
      // A line that wraps could not be taken back.
      screen.write(screen.isTTY ? `${clearLine}${line.slice(0, (screen.columns || 80) - 1)}` : `${line}\n`);
    },
    stop: () => {
      if (screen.isTTY) screen.write(clearLine);
    },
  };
};

/** How far a run is, in half a line. */
export const progressText = ({ files, events }: RunSummary): string =>
  [
    `${counted(files.done + files.quarantined, "file")} read`,
    `${counted(events.in, "event")} in`,
    `${formatCount(events.delivered)} delivered`,
    ...Object.entries(events.dropped).map(([reason, count]) => `${formatCount(count)} dropped (${reason})`),
    ...Object.entries(events.quarantined).map(([reason, count]) => `${formatCount(count)} quarantined (${reason})`),
    ...(events.held > 0 ? [`${formatCount(events.held)} to deliver`] : []),
  ].join(", ");
