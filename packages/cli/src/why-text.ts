import { holdReasons, quarantineReasons } from "@currents-relay/shared/contracts/reasons.ts";
import { formatCount, table } from "./output.ts";
import type { BatchPlace, Trace, Way } from "./why-trace.ts";

/** In one word where the event is. */
export type Whereabouts = "delivered" | "waiting" | "held" | "quarantined" | "ended" | "taken" | "unknown";

const isDelivered = ({ tally }: BatchPlace): boolean => tally?.ok !== undefined && tally.ok === tally.in;

/** The batch that has it, where that can be seen; else all that it may be in. */
export const candidates = ({ batches }: Pick<Way, "batches">): BatchPlace[] => {
  const sure = batches.filter(({ hasEvent }) => hasEvent);
  return sure.length > 0 ? sure : batches;
};

/** Of what there is no trace otherwise, where the last re-reading brought it. */
export const whereaboutsOf = (trace: Trace): Whereabouts => {
  if (trace.quarantined) return "quarantined";
  const [again] = trace.again;
  return endOf(trace.takenAtMs === undefined && again ? again : trace);
};

const endOf = (way: Way): Whereabouts => {
  if (way.takenAtMs === undefined) return "unknown";
  const batches = candidates(way);
  if (way.chunk !== undefined && batches.length === 0) return "waiting"; // its batch is being made
  if (batches.some(({ place }) => place === "held")) return "held";
  if (batches.some(({ place }) => place === "waiting")) return "waiting";
  if (batches.length === 0 || batches.some(({ place }) => place === "forgotten")) return "taken";
  return batches.every(isDelivered) ? "delivered" : "ended";
};

const time = (ms: number): string => new Date(ms).toISOString();

const fateOf = ({ place, atMs = 0, heldFor, tally = {} }: BatchPlace): string => {
  switch (place) {
    case "waiting":
      return "waits to be sent, or is being sent";
    case "held":
      return `held since ${time(atMs)}${heldFor ? `: ${holdReasons[heldFor]}` : ""}`;
    case "forgotten":
      return "ended more than a day ago";
    case "ended": {
      const ends = Object.entries(tally).filter(([end]) => end !== "in" && end !== "ok");
      const others = ends.map(([end, events]) => `${formatCount(events)} ${end}`).join(", ");
      return `${others === "" ? "accepted by Segment" : others} at ${time(atMs)}`;
    }
    default:
      return place satisfies never;
  }
};

const headOf: Readonly<Record<Whereabouts, string>> = {
  delivered: "Segment accepted it.",
  waiting: "It is on its way to Segment.",
  held: "An outage holds it; it goes out when that is over (relay status).",
  quarantined: "It is in quarantine, and waits for somebody (relay dlq show).",
  ended: "Its batch came to an end.",
  taken: "It was taken. What became of it then is not known any more: finished work is remembered for a day.",
  unknown: `There is no trace of it. Either it was not read yet (relay status), or it was dropped before it was taken (not selected, no
external_user_id, ...; relay map FILE shows what becomes of a file's events), or it was taken longer ago than dedup.window.`,
};

export const whyText = (trace: Trace, workspace: string): string => {
  const { eventId, quarantined, again, entriesNotSeen } = trace;
  const isOnlyAgain = !quarantined && trace.takenAtMs === undefined && again.length > 0;
  const whereabouts = isOnlyAgain ? "unknown" : whereaboutsOf(trace);
  const rows = wayRows(trace, whereabouts === "quarantined" ? [] : candidates(trace));
  if (quarantined) {
    const { id, reason, detail, sinceMs, uri } = quarantined;
    rows.push(["quarantine", `${id}, since ${time(sinceMs)}`], ["reason", `${reason}: ${quarantineReasons[reason]}`]);
    rows.push(["", detail], ...(trace.uri === undefined ? [["file", uri]] : []));
  }
  const first = isOnlyAgain ? "It was read again." : headOf[whereabouts];
  return [
    `${eventId} in ${workspace}: ${first}`,
    table(rows),
    ...(whereabouts === "quarantined" ? [] : doubtOf(trace)),
    ...(entriesNotSeen > 0 ? [`${formatCount(entriesNotSeen)} entries of quarantine were not looked into.`] : []),
    ...again.flatMap((way) => [
      `Read again by relay resend (run ${way.run}): ${headOf[endOf(way)]}`,
      table(wayRows(way, candidates(way))),
      ...doubtOf(way),
    ]),
  ]
    .filter((text) => text !== "")
    .join("\n");
};

const wayRows = ({ uri, connector = "", landedAtMs, takenAtMs }: Way, batches: readonly BatchPlace[]): string[][] => [
  ...(uri === undefined ? [] : [["file", `${uri} (connector ${connector})`]]),
  ...(landedAtMs === undefined ? [] : [["landed", time(landedAtMs)]]),
  ...(takenAtMs === undefined ? [] : [["taken", time(takenAtMs)]]),
  ...batches.map((batch) => ["batch", `${batch.id}: ${fateOf(batch)}`]),
];

const doubtOf = (way: Way): string[] => {
  const { length } = candidates(way);
  return length > 1 ? [`It is in one of these ${formatCount(length)} batches.`] : [];
};
