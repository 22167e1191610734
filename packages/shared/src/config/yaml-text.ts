import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLError,
  type YAMLWarning,
} from "yaml";
import type { FaultPath } from "./fault.ts";

export interface YamlFault {
  line: number;
  message: string;
}

export interface YamlText {
  value: unknown;
  faults: YamlFault[];
  /** False: `value` is what could be guessed, and more faults in it would be noise. */
  isReadable: boolean;
  /** The line of the deepest part of a path that the file really has. */
  lineOf: (path: FaultPath) => number;
}

/** Parses YAML; never throws. Its faults quote nothing of the file but keys: what stands there may be a secret. */
export const readYaml = (text: string): YamlText => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: "error" });
  const repeated = document.errors.filter(({ code }) => code === "DUPLICATE_KEY");
  // Once the parser has lost its way, each further error follows from the first.
  const [broken] = document.errors.filter(({ code }) => code !== "DUPLICATE_KEY");
  const problems = [...repeated, ...(broken ? [broken] : []), ...document.warnings];
  const faults = problems.map((problem) => {
    const { line } = lines.linePos(problem.pos[0]);
    return { line, message: sentenceOf(problem, text) };
  });
  const read = { lineOf: (path: FaultPath) => lineOf(document, lines, path) };
  if (broken) return { ...read, value: undefined, faults, isReadable: false };
  try {
    return { ...read, value: document.toJS(), faults, isReadable: true };
  } catch (cause) {
    // An alias without an anchor, or too many of them.
    const why = cause instanceof Error ? cause.message.replace(/: .*$/s, "") : String(cause);
    const message = `is not usable YAML: ${why}`;
    return { ...read, value: undefined, faults: [...faults, { line: 1, message }], isReadable: false };
  }
};

const plainSentences: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "is not YAML: the line begins with a tab; indent with spaces",
  BAD_INDENT: "is not YAML: the line is not indented as its neighbours are, or a bracket above is not closed",
  BLOCK_AS_IMPLICIT_KEY: 'is not YAML: a second ": " in one line; a value with ": " in it needs quotes',
  MULTILINE_IMPLICIT_KEY: 'is not YAML: a key without ": " behind it',
  BAD_SCALAR_START: "is not YAML: a value that begins with a special character needs quotes",
  UNEXPECTED_TOKEN: "is not YAML: something stands here that cannot; a value with special characters needs quotes",
  TAG_RESOLVE_FAILED: "has a YAML tag (!word) that is not known; a text that begins with ! needs quotes",
  MULTIPLE_DOCS: "begins a second YAML document; a configuration is one",
};

const sentenceOf = ({ code, message, pos }: YAMLError | YAMLWarning, text: string): string => {
  const lineEnd = text.indexOf("\n", pos[0]);
  const line = text.slice(text.lastIndexOf("\n", pos[0] - 1) + 1, lineEnd < 0 ? text.length : lineEnd);
  if (code === "DUPLICATE_KEY") {
    const key = /^[\w."'-]+/.exec(text.slice(pos[0], pos[1] + 100))?.[0] ?? "a key";
    return `${key} is written twice at this place`;
  }
  const hint = /[^"'\w]\$\{/.test(line) ? ' (in braces, "${NAME}" needs quotes)' : "";
  // The parser's own words, without the piece of the file behind them.
  const own = message.replace(/ at line \d+, column \d+:[^]*$/, "").replace(/: ".*$/s, "");
  return `${plainSentences[code] ?? `is not YAML: ${own}`}${hint}`;
};

const lineOf = (document: Document, lines: LineCounter, path: FaultPath): number => {
  let node: unknown = document.contents;
  let line = 1;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    const { at, value } = member(node, key);
    if (!isNode(at) || !at.range) break;
    line = lines.linePos(at.range[0]).line;
    node = value;
  }
  return line;
};

/** What stands under a key, and the node that marks the place: the key itself, or the item of a list. */
const member = (node: unknown, key: string | number): { at: unknown; value: unknown } => {
  if (isSeq(node)) return { at: node.items[Number(key)], value: node.items[Number(key)] };
  const pair = isMap(node)
    ? node.items.find(({ key: name }) => String(isScalar(name) ? name.value : name) === String(key))
    : undefined;
  return { at: pair?.key, value: pair?.value };
};
