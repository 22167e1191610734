import type { RunSummary } from "@currents-relay/shared/stage/status.ts";
import { formatCount } from "./output.ts";

const terminalEveryMs = 200;
const plainEveryMs = 2_000;

export interface Progress {
  stop(): void;
}

/** Shows how a run goes, on stderr: one line that changes on a terminal, a line every two seconds elsewhere. */
export const showProgress = (read: () => Promise<RunSummary>): Progress => {
  const { isTTY } = process.stderr;
  const startedMs = performance.now();
  let last = { ms: startedMs, delivered: 0 };
  let rate = 0;
  const show = async () => {
    const summary = await read();
    const now = performance.now();
    const { delivered } = summary.events;
    if (now - last.ms >= 1_000) {
      rate = ((delivered - last.delivered) * 1_000) / (now - last.ms);
      last = { ms: now, delivered };
    }
    const line = progressLine(summary, rate, now - startedMs);
    process.stderr.write(isTTY ? `\r\u001b[2K${line.slice(0, process.stderr.columns)}` : `${line}\n`);
  };
  const timer = setInterval(() => void show().catch(() => undefined), isTTY ? terminalEveryMs : plainEveryMs);
  return {
    stop: () => {
      clearInterval(timer);
      if (isTTY) process.stderr.write("\r\u001b[2K");
    },
  };
};

const progressLine = ({ files, events }: RunSummary, eventsPerSecond: number, tookMs: number): string =>
  [
    `${(tookMs / 1_000).toFixed(0).padStart(3)} s`,
    `${formatCount(files.done)} files`,
    `${formatCount(events.in)} events in`,
    `${formatCount(events.delivered)} delivered (${formatCount(eventsPerSecond)}/s)`,
    ...Object.entries(events.dropped).map(([reason, count]) => `${formatCount(count)} ${reason}`),
    ...Object.entries(events.quarantined).map(([reason, count]) => `${formatCount(count)} set aside: ${reason}`),
  ].join(" · ");
