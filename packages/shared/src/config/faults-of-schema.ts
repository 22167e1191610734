import type { z } from "zod";
import { didYouMean } from "./did-you-mean.ts";
import { type Fault, type FaultPath, pathText, valueAt } from "./fault.ts";
import { expected } from "./scalars.ts";
import { keysBelow, settingAt, settings } from "./settings.ts";

const group = expected("settings (key: value)");

/** zod's own messages in plain words; those of scalars.ts and schema.ts win over them. */
export const plainWords: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === "invalid_key")
    return expected(`a name of ${issue.issues[0]?.message.replace(/^expected /, "") ?? "text"}`);
  if (issue.code === "invalid_type" && (issue.expected === "object" || issue.expected === "record")) return group;
  return undefined;
};

/**
 * What the schema found, as faults. `written` is the parsed file before references were filled in: only what stands
 * in the file is shown, never what an environment variable or a secret file held, and of a secret nothing at all.
 */
export const faultsOfSchema = (issues: readonly z.core.$ZodIssue[], written: unknown): Fault[] =>
  issues.flatMap((issue) => {
    // Symbols are no keys of parsed YAML.
    const path = issue.path as FaultPath;
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...path, key]));
    return [{ path, message: withFound(issue.message, path, written) }];
  });

const leadingWord = (key: string): string => /^[\w-]*/.exec(key)?.[0] ?? "";

/** A key of this name that belongs to another place. */
const elsewhereOf = (word: string): string | undefined =>
  settings
    .find((setting) => setting.path.at(-1) === word)
    ?.path.join(".")
    .replaceAll("*", "NAME");

const unknownKey = (path: FaultPath): Fault => {
  const key = String(path.at(-1));
  const word = leadingWord(key);
  const known = keysBelow(path.slice(0, -1));
  const meant = didYouMean(word, known);
  const elsewhere = elsewhereOf(word);
  const written = word === key ? meant : `"${meant}: ..." with a space behind the colon`;
  const advice = meant
    ? `did you mean ${written}?`
    : elsewhere
      ? `it belongs to ${elsewhere}`
      : `known here: ${known.join(", ")}`;
  // Known, but to another kind of what stands here (a source of another type).
  if (meant === key) return { path, message: "is no key of this type" };
  return { path, message: `is no key of the configuration; ${advice}` };
};

/**
 * A path as it may be shown. A key that the configuration does not have may be a value whose colon, or the space behind
 * it, was forgotten (`{ writeKey:k }`), and so a secret: of one that is more than a word only the word that it begins
 * with is shown, and nothing at all where it has no value and is not near to any key.
 */
export const shownPath = (path: FaultPath, written: unknown): string =>
  pathText(path.map((key, index) => (typeof key === "number" ? key : shownKey(path.slice(0, index), key, written))));

const shownKey = (above: FaultPath, key: string, written: unknown): string => {
  const known = keysBelow(above);
  if (known.length === 0 || known.includes("*") || known.includes(key)) return key;
  const word = leadingWord(key);
  const isNear = didYouMean(word, known) !== undefined || elsewhereOf(word) !== undefined;
  if (!isNear && valueAt(written, [...above, key]) === null) return "…";
  return word === key ? key : `${word}…`;
};

const withFound = (message: string, path: FaultPath, written: unknown): string => {
  if (!message.startsWith(expected(""))) return message;
  const found = valueAt(written, path);
  if (found === undefined) return `is missing; ${message}`;
  if (message.startsWith(expected("a name of"))) return message;
  const isShown = message !== group && !settingAt(path)?.isSecret;
  return `${message}; got ${isShown ? shown(found) : kindOf(found)}`;
};

const shown = (found: unknown): string => {
  if (typeof found === "object") return kindOf(found);
  const text = JSON.stringify(found);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};

const kindOf = (found: unknown): string => {
  if (found === null || found === "") return "nothing";
  if (Array.isArray(found)) return "a list";
  if (typeof found === "object") return "settings";
  if (typeof found === "boolean") return "true or false";
  return typeof found === "string" ? "text" : "a number";
};
