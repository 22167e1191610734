import { parseArgs } from "node:util";
import { type DeskQueue, deskQueues } from "@currents-relay/deliver/core/desk-entry.ts";
import { didYouMean } from "@currents-relay/shared/config/did-you-mean.ts";
import { holdReasons, quarantineReasons } from "@currents-relay/shared/contracts/reasons.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";
import { timeOf } from "./time-option.ts";

/** Which entries are meant; what is left out does not matter. */
export interface EntryFilter {
  connector?: string | undefined;
  reason?: string | undefined;
  eventType?: string | undefined;
  /** Since when it is there (UNIX ms), both ends included. */
  fromMs?: number | undefined;
  toMs?: number | undefined;
}

export const dlqActions = ["list", "show", "replay", "archive", "drop"] as const;
export type DlqAction = (typeof dlqActions)[number];

export interface DlqOptions {
  action: DlqAction;
  id: string | undefined;
  config: string | undefined;
  workspace: string | undefined;
  queue: DeskQueue | undefined;
  filter: EntryFilter;
  /** Entries, the oldest first. */
  limit: number;
  fromArchive: string | undefined;
  toFolder: string | undefined;
  isDryRun: boolean;
  isYes: boolean;
  isJson: boolean;
  isRaw: boolean;
  isEach: boolean;
}

const wrong = (message: string): CommandError => new CommandError(exitCodes.usage, message);

/** Reads the command line behind `relay dlq`. Throws where it is wrong. */
export const dlqOptions = (args: string[]): DlqOptions => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      config: { type: "string" },
      workspace: { type: "string" },
      queue: { type: "string" },
      connector: { type: "string" },
      reason: { type: "string" },
      "event-type": { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      limit: { type: "string" },
      "from-archive": { type: "string" },
      "to-folder": { type: "string" },
      "dry-run": { type: "boolean" },
      yes: { type: "boolean" },
      json: { type: "boolean" },
      raw: { type: "boolean" },
      each: { type: "boolean" },
    },
  });
  const [action, id, ...more] = positionals;
  if (more.length > 0) throw wrong(`"${more[0]}" is one word too many`);
  if (id !== undefined) refuseBeside(id, action, values);
  return {
    action: oneOf("action", action, dlqActions),
    id,
    config: values.config,
    workspace: values.workspace,
    queue: values.queue === undefined ? undefined : oneOf("--queue", values.queue, deskQueues),
    filter: {
      connector: values.connector,
      reason: values.reason === undefined ? undefined : oneOf("--reason", values.reason, reasons),
      eventType: values["event-type"],
      fromMs: values.from === undefined ? undefined : timeOf("--from", values.from),
      toMs: values.to === undefined ? undefined : timeOf("--to", values.to),
    },
    limit: limitOf(values.limit),
    fromArchive: values["from-archive"],
    toFolder: values["to-folder"],
    isDryRun: values["dry-run"] ?? false,
    isYes: values.yes ?? false,
    isJson: values.json ?? false,
    isRaw: values.raw ?? false,
    isEach: values.each ?? false,
  };
};

/** Options that select among entries, and so say nothing of one that is named. */
const selecting = ["connector", "reason", "event-type", "from", "to", "limit", "from-archive"] as const;

/** What would be ignored beside an ID is refused: whoever writes both means something by it. */
const refuseBeside = (
  id: string,
  action: string | undefined,
  values: Readonly<Partial<Record<(typeof selecting)[number] | "queue", string>>>,
): void => {
  if (action === "list") throw wrong(`list takes no ID; relay dlq show ${id} shows one entry`);
  for (const option of selecting)
    if (values[option] !== undefined && !(action === "show" && option === "limit"))
      throw wrong(`--${option} selects entries, and ${id} names one: give either`);
  const queue = id.startsWith("d-") ? "deadletter" : "quarantine";
  if (values.queue !== undefined && values.queue !== queue)
    throw wrong(`${id} would be in ${queue}, and --queue says ${values.queue}`);
};

const reasons: readonly string[] = [...Object.keys(holdReasons), ...Object.keys(quarantineReasons)];

const oneOf = <Word extends string>(what: string, word: string | undefined, words: readonly Word[]): Word => {
  const found = words.find((known) => known === word);
  if (found !== undefined) return found;
  if (word === undefined) throw wrong(`the ${what} is missing: ${words.join(", ")}`);
  const meant = didYouMean(word, words);
  throw wrong(`${what}: "${word}" is not known; ${meant ? `did you mean ${meant}?` : `known are ${words.join(", ")}`}`);
};

const limitOf = (text: string | undefined): number => {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw wrong(`--limit: "${text}" is no number of entries`);
  return Number(text);
};
