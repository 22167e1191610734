import { dropReasons, quarantineReasons } from "@currents-relay/shared/contracts/reasons.ts";
import type { RunSummary } from "@currents-relay/shared/stage/status.ts";
import type { Manifest } from "@currents-relay/sim/currents-maker/manifest.ts";
import { formatCount, table } from "./output.ts";

interface ExampleRun {
  manifest: Pick<Manifest, "events" | "files">;
  summary: RunSummary;
  received: { accepted: number; repeats: number };
  /** How many ids that had to arrive exactly once did not. */
  wrong: number;
  tookMs: number;
}

const meanings: Readonly<Record<string, string>> = { ...dropReasons, ...quarantineReasons };

/** What went in and what came out, for a person who sees this for the first time. */
export const exampleReport = ({ manifest, summary, received, wrong, tookMs }: ExampleRun): string => {
  const { files, events } = summary;
  const damaged = manifest.files.filter(({ faults }) => faults.length > 0);
  const unreadable = damaged.reduce((sum, { records, readable }) => sum + records - readable, 0);
  const left = { ...events.dropped, ...events.quarantined };
  const lines: [string, number | undefined, string][] = [
    ["made", manifest.events, `events in ${manifest.files.length} files, ${damaged.length} of them damaged on purpose`],
    ["  unreadable", unreadable, `in the damaged parts of ${files.quarantined} files, which were set aside`],
    ["read", events.in, ""],
    ...Object.entries(left).map(([reason, count]): [string, number, string] => [
      `  ${reason}`,
      count,
      meanings[reason] ?? "",
    ]),
    ["delivered", events.delivered, ""],
    ["received", received.accepted, `calls at the stand-in for Segment, ${received.repeats} of them a second time`],
  ];
  const rows = lines.map(([what, count, note]) => [what, count === undefined ? "" : formatCount(count), note]);
  const verdict =
    wrong === 0
      ? "Every event that had to arrive did, exactly once"
      : `${formatCount(wrong)} events that had to arrive exactly once DID NOT: this is a bug`;
  const perSecond = formatCount((events.delivered * 1_000) / tookMs);
  return `${table(rows, [1])}\n\n${verdict}. It took ${(tookMs / 1_000).toFixed(1)} s (${perSecond} events/s).`;
};
