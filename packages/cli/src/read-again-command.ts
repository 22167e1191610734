import { rereadRunOf } from "@currents-relay/ingest/core/reread.ts";
import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import { durationText } from "@currents-relay/shared/core/duration-text.ts";
import { compileSelection, faultOfGlob } from "@currents-relay/shared/core/selection.ts";
import { type DlqRoom, inDlqRoom } from "./dlq-room.ts";
import { confirm } from "./confirm.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { counted, formatCount, print, printError } from "./output.ts";
import { timeOf } from "./time-option.ts";
import {
  planReadAgain,
  type ReadAgain,
  type ReadAgainEnd,
  type ReadAgainPlan,
  runReadAgain,
  sourceToReadAgain,
} from "./read-again.ts";

export const readAgainOptions = {
  workspace: { type: "string" },
  connector: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  events: { type: "string", multiple: true },
  config: { type: "string" },
  "dry-run": { type: "boolean" },
  yes: { type: "boolean" },
  json: { type: "boolean" },
} as const;

export interface ReadAgainValues {
  workspace?: string | undefined;
  connector?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  events?: string[] | undefined;
  config?: string | undefined;
  "dry-run"?: boolean | undefined;
  yes?: boolean | undefined;
  json?: boolean | undefined;
}

/** `resend`: ids that were taken before are sent all the same; `newMessageIds`: under ids that Segment does not know. */
export type HowAgain = { kind: "backfill" } | { kind: "resend"; newMessageIds: boolean };

const requiredTimeOf = (option: string, text: string | undefined): number => {
  if (text === undefined) throw new CommandError(exitCodes.usage, `${option} is missing: a time, 2026-11-01T00:00Z`);
  return timeOf(option, text);
};

const connectorOf = (settings: WorkspaceConfig, given: string | undefined): string => {
  const names = Object.keys(settings.connectors);
  const [only] = names;
  if (given !== undefined) return given;
  if (names.length === 1 && only !== undefined) return only;
  throw new CommandError(exitCodes.usage, `--connector is missing; there are: ${names.join(", ")}`);
};

const askedOf = (room: DlqRoom, values: ReadAgainValues, how: HowAgain): ReadAgain => {
  const [fromMs, toMs] = [requiredTimeOf("--from", values.from), requiredTimeOf("--to", values.to)];
  if (fromMs >= toMs) throw new CommandError(exitCodes.usage, "--from is not before --to");
  const connector = connectorOf(room.settings, values.connector);
  sourceToReadAgain(room.settings, connector);
  const isSalted = how.kind === "resend" && how.newMessageIds;
  // The same globs in another order are the same run.
  const globs = [...new Set(values.events)].toSorted();
  const run = rereadRunOf([how.kind, isSalted, connector, fromMs, toMs, ...globs]);
  const apart = how.kind === "resend" ? ({ apart: true } as const) : {};
  return {
    connector,
    query: { fromMs, toMs, events: values.events && compileSelection(values.events) },
    reread: { run, ...apart, ...(isSalted && { salt: run }) },
  };
};

const refuseFaultyGlobs = (globs: readonly string[]): void => {
  for (const glob of globs) {
    const fault = faultOfGlob(glob);
    if (fault !== undefined) throw new CommandError(exitCodes.usage, `--events: "${glob}" ${fault}`);
  }
};

/** Plans, asks, and reads again what the source still has of a time. */
export const readAgain = (values: ReadAgainValues, how: HowAgain): Promise<number> => {
  refuseFaultyGlobs(values.events ?? []);
  return inDlqRoom(values, async (room) => {
    const asked = askedOf(room, values, how);
    const plan = await planReadAgain(room, asked, new AbortController().signal);
    const isDryRun = values["dry-run"] ?? false;
    if (!values.json) print(planText(asked, plan, how));
    if (!isDryRun && plan.objects.length > 0 && !values.yes && !(await isConfirmed(plan))) {
      printError("Nothing was done.");
      return exitCodes.failed;
    }
    const end = isDryRun ? { isWhole: true, changed: 0 } : await runReadAgain(room, asked, plan);
    if (values.json) print(JSON.stringify(forScripts(room, { asked, plan, isDryRun, end })));
    else if (!isDryRun) print(endText(plan, end));
    if (!end.isWhole) return exitCodes.interrupted;
    return end.changed > 0 ? exitCodes.failed : exitCodes.ok;
  });
};

const isConfirmed = ({ objects }: ReadAgainPlan): Promise<boolean> =>
  confirm(`Read ${counted(objects.length, "object")} again?`, "say --yes where nobody can be asked, or --dry-run");

const iso = (ms: number): string => new Date(ms).toISOString();

const planText = ({ connector, query }: ReadAgain, plan: ReadAgainPlan, how: HowAgain): string => {
  const { objects, bytes, readBefore, untyped, events, seconds, rememberedFromMs, unprotected } = plan;
  const about = events === undefined ? "" : `, about ${counted(events, "event")}`;
  const takes =
    seconds === undefined || objects.length === 0 ? "" : `, ${durationText(seconds)} at the rate that is left now`;
  const memory =
    how.kind === "backfill"
      ? `Events that were taken since ${iso(rememberedFromMs)} are remembered, and not sent again.`
      : "What was sent before is sent again, whatever is remembered here.";
  const isSafe = how.kind === "resend" && how.newMessageIds;
  const segment = isSafe
    ? "They get new messageIds: Segment stores them, also where it has them already."
    : `${counted(unprotected, "object")} ${unprotected === 1 ? "is" : "are"} older than 24 h: what Segment has of them already it stores twice.`;
  return [
    `${connector}, ${iso(query.fromMs)} to ${iso(query.toMs)}: ${counted(objects.length, "object")}, ${formatCount(bytes / 1e6)} MB${about}${takes}.`,
    ...(readBefore > 0 ? [`${counted(readBefore, "object")} more were read by this very command before.`] : []),
    ...(untyped > 0 ? [`${counted(untyped, "object")} left out: the path does not say of which type they are.`] : []),
    ...(objects.length > 0 ? [memory, segment] : []),
  ].join("\n");
};

const endText = ({ objects }: ReadAgainPlan, { isWhole, changed }: ReadAgainEnd): string =>
  [
    isWhole
      ? `Read again: ${counted(objects.length - changed, "object")}. What waits goes out with the rate that is left: relay status.`
      : "Interrupted. What ingest has in hand is read; the same command goes on behind it.",
    ...(changed > 0 ? [`${counted(changed, "object")} ${changedText(changed)}`] : []),
  ].join("\n");

const changedText = (count: number): string =>
  `${count === 1 ? "was" : "were"} replaced or deleted before all of ${count === 1 ? "it" : "them"} was read: ` +
  "the same command again reads what is there now, as far as it is still of that time.";

interface Outcome {
  asked: ReadAgain;
  plan: ReadAgainPlan;
  isDryRun: boolean;
  end: ReadAgainEnd;
}

const forScripts = ({ workspace }: DlqRoom, { asked: { connector, query, reread }, plan, isDryRun, end }: Outcome) => ({
  workspace,
  connector,
  run: reread.run,
  from: iso(query.fromMs),
  to: iso(query.toMs),
  isDryRun,
  isWhole: end.isWhole,
  changedObjects: end.changed,
  objects: plan.objects.length,
  bytes: plan.bytes,
  readBefore: plan.readBefore,
  untyped: plan.untyped,
  events: plan.events ?? null,
  seconds: plan.seconds ?? null,
  rememberedFrom: iso(plan.rememberedFromMs),
  unprotectedObjects: plan.unprotected,
});
