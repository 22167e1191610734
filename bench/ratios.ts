import type { Figure, Readings } from "./figure.ts";
import { targets } from "./targets.ts";

/** A figure of one measurement in terms of another's, both from the same round. */
export interface Ratio extends Figure {
  /** "measurement.figure" */
  of: string;
  to: string;
}

const times = (ratio: Pick<Ratio, "id" | "label" | "of" | "to" | "target">): Ratio => ({
  unit: "x",
  decimals: 2,
  ...ratio,
});

export const ratios: readonly Ratio[] = [
  times({
    id: "plain",
    label: "events/s, against a plain script",
    of: "end-to-end.eventsPerSecond",
    to: "plain-script.eventsPerSecond",
    target: targets.timesPlainScript,
  }),
  times({
    id: "plain-tuned",
    label: "events/s, against a plain script with larger requests",
    of: "end-to-end.eventsPerSecond",
    to: "plain-tuned.eventsPerSecond",
  }),
  times({
    id: "jobs",
    label: "events/s, against one BullMQ job per event",
    of: "end-to-end.eventsPerSecond",
    to: "job-per-event.eventsPerSecond",
    target: targets.timesJobPerEvent,
  }),
  times({
    id: "fused",
    label: "events/s, against decode + map + POST fused, nothing stored",
    of: "end-to-end.eventsPerSecond",
    to: "fused.eventsPerSecond",
    target: targets.timesFused,
  }),
  times({
    id: "fused-plain",
    label: "events/s, against the same fused in plain code (avsc, JSON.stringify, fetch)",
    of: "end-to-end.eventsPerSecond",
    to: "fused-plain.eventsPerSecond",
  }),
  times({
    id: "fused-cpu",
    label: "CPU an event of the relay, against fused",
    of: "end-to-end.relayCpuUs",
    to: "fused.cpuUs",
  }),
  times({
    id: "two",
    label: "events/s, two processes a stage against one",
    of: "two-processes.eventsPerSecond",
    to: "end-to-end.eventsPerSecond",
  }),
];

/** The ratios whose both sides were taken in this round. */
export const ratiosOf = (round: Readonly<Record<string, Readings>>): Readings => {
  const valueAt = (path: string): number | undefined => {
    const dot = path.indexOf(".");
    return round[path.slice(0, dot)]?.[path.slice(dot + 1)];
  };
  const found = ratios.map(({ id, of, to }) => {
    const [above, below] = [valueAt(of), valueAt(to)];
    return [id, above === undefined || below === undefined ? Number.NaN : above / below] as const;
  });
  return Object.fromEntries(found.filter(([, value]) => !Number.isNaN(value)));
};
