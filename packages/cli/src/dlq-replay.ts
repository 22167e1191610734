import { quarantineDesk } from "@currents-relay/deliver/adapters/quarantine-desk.ts";
import type { DeskEntry } from "@currents-relay/deliver/core/desk-entry.ts";
import { planReplay, replayEntry, type ReplayPorts } from "@currents-relay/deliver/replay-quarantine.ts";
import type { JsonValue } from "@currents-relay/shared/contracts/call.ts";
import type { DeliverJob } from "@currents-relay/shared/contracts/jobs.ts";
import { DamagedPayload } from "@currents-relay/shared/core/damaged-payload.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { connectorRules } from "@currents-relay/transform/config.ts";
import { claimsOf } from "@currents-relay/transform/main.ts";
import { bringBackAll } from "./dlq-bring-back.ts";
import { maskPersonal } from "./dlq-mask.ts";
import type { DlqOptions } from "./dlq-options.ts";
import { linesOfChunk, remapBy } from "./dlq-remap.ts";
import type { DlqRoom } from "./dlq-room.ts";
import { addEntry, eachSelected, type Sum, sumText } from "./dlq-select.ts";
import { whenDeadLettersReplay } from "./dlq-when.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { formatCount, print } from "./output.ts";

export const replay = async (room: DlqRoom, options: DlqOptions): Promise<number> => {
  if (options.fromArchive !== undefined) return bringBackAll(room, options, options.fromArchive);
  const isDeadLetter = options.queue === "deadletter" || options.id?.startsWith("d-") === true;
  return isDeadLetter ? whenDeadLettersReplay(room, options) : replayQuarantine(room, options);
};

/** What became, or would become, of the selected entries of quarantine. Counts are events, but for `entries`. */
interface ReplaySum extends Sum {
  handedOver: number;
  duplicates: number;
  stays: Record<string, { events: number; message: string }>;
  /** Of a dry run: the first calls that would go out, and what they are made of. */
  examples: { id: string; reason: string; before: JsonValue; after: JsonValue }[];
}

const maxExamples = 3;

const replayQuarantine = async (room: DlqRoom, options: DlqOptions): Promise<number> => {
  const ports = portsOf(room);
  const sum: ReplaySum = { entries: 0, events: 0, handedOver: 0, duplicates: 0, stays: {}, examples: [] };
  // What is set aside while we replay (refused again, say) is for the next time.
  const filter = { ...options.filter, toMs: Math.min(options.filter.toMs ?? Number.POSITIVE_INFINITY, Date.now()) };
  await eachSelected(room.desk("quarantine"), { ...options, filter }, async (entries) => {
    const ended = new Set<DeskEntry["id"]>();
    for (const entry of entries) {
      if (entry.queue !== "quarantine") throw new CommandError(exitCodes.usage, `${entry.id} is not in quarantine`);
      addEntry(sum, entry);
      const isEnded = await (options.isDryRun ? tryOne : replayOne)(ports, entry, sum);
      if (isEnded) ended.add(entry.id);
    }
    return ended;
  });
  const stays = Object.values(sum.stays).reduce((all, { events }) => all + events, 0);
  if (options.isJson) print(JSON.stringify(forScripts(room, options, sum)));
  else print(forPeople(options, sum));
  return stays > 0 ? exitCodes.failed : exitCodes.ok;
};

const portsOf = ({ redis, workspace, settings, spool, queues, desk }: DlqRoom): ReplayPorts => {
  const claims = claimsOf({ redis }, workspace, settings);
  return {
    ...quarantineDesk({ redis, workspace, desk: desk("quarantine"), linesOfChunk }),
    remap: remapBy(connectorRules(workspace, settings)),
    claim: ({ connector, ofReread }, owner, eventIds) => claims(connector, ofReread)(owner, eventIds),
    toDeliver: handOverTo<DeliverJob>("deliver", spool, queues),
  };
};

type One = (ports: ReplayPorts, entry: DeskEntry, sum: ReplaySum) => Promise<boolean>;

const replayOne: One = async (ports, entry, sum) => {
  const replayed = await replayEntry(ports)(entry.id).catch((error: unknown) => unreadable(entry, error));
  sum.handedOver += replayed.handedOver;
  sum.duplicates += replayed.duplicates;
  for (const [reason, { events, message }] of Object.entries(replayed.stays)) stay(sum, { reason, events, message });
  return Object.keys(replayed.stays).length === 0;
};

const tryOne: One = async (ports, entry, sum) => {
  const open = await ports.open(entry.id).catch(() => undefined);
  const plan = open ? await planReplay(ports, open) : [];
  if (plan.length === 0)
    stay(sum, { reason: entry.reason, events: entry.events, message: "nothing of it can be read" });
  for (const [index, line] of plan.entries()) {
    if (line.kind === "stays") stay(sum, { ...line, events: 1 });
    else if (line.kind === "duplicate") sum.duplicates += 1;
    else {
      sum.handedOver += 1;
      if (sum.examples.length === maxExamples) continue;
      const before = open?.lines[index] ?? {};
      const after = line.kind === "call" ? line.call : (before.call ?? null);
      sum.examples.push({
        id: entry.id,
        reason: entry.reason,
        before: maskPersonal(before as JsonValue), // plain JSON values with known names
        after: maskPersonal(after),
      });
    }
  }
  return false;
};

/** A payload that is damaged stays where it is. */
const unreadable = ({ reason, events }: DeskEntry, error: unknown) => {
  if (!(error instanceof DamagedPayload)) throw error;
  return { handedOver: 0, duplicates: 0, stays: { [reason]: { events, message: error.message } } };
};

const stay = (
  { stays }: ReplaySum,
  { reason, events, message }: { reason: string; events: number; message: string },
): void => {
  const known = stays[reason] ?? { events: 0, message };
  stays[reason] = { ...known, events: known.events + events };
};

const forScripts = ({ workspace }: DlqRoom, { isDryRun }: DlqOptions, { stays, examples, ...sum }: ReplaySum) => ({
  workspace,
  queue: "quarantine",
  isDryRun,
  ...sum,
  stays: Object.fromEntries(Object.entries(stays).map(([reason, { events }]) => [reason, events])),
  ...(isDryRun && { examples }),
});

const forPeople = ({ isDryRun }: DlqOptions, sum: ReplaySum): string => {
  const would = isDryRun ? "would be " : "";
  return [
    `Quarantine: ${sumText(sum)}`,
    `${formatCount(sum.handedOver)} ${would}handed to deliver`,
    ...(sum.duplicates > 0 ? [`${formatCount(sum.duplicates)} ${would}dropped: another event has their id`] : []),
    ...Object.entries(sum.stays).map(
      ([reason, { events, message }]) =>
        `${formatCount(events)} ${isDryRun ? "would stay" : "stay"}: ${reason} (${message})`,
    ),
    ...(isDryRun && sum.handedOver > 0
      ? ["(whether another event has taken an id since, only the replay itself finds out)"]
      : []),
    ...sum.examples.flatMap(({ id, before, after }) => [
      "",
      id,
      `- ${JSON.stringify(before)}`,
      `+ ${JSON.stringify(after)}`,
    ]),
  ].join("\n");
};
