import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument, type Document } from "yaml";
import { crossCheck } from "./cross-check.ts";
import type { Environment } from "./environment.ts";
import { configSchema, type RelayConfig } from "./schema.ts";
import { substitute, type Fault } from "./substitute.ts";

export type LoadedConfig =
  | { kind: "ok"; config: RelayConfig; file: string; watched: string[] }
  | { kind: "faulty"; file: string; faults: string[]; watched: string[] };

/**
 * Reads `relay.yaml`: YAML, then references, then the schema, then the rules between keys. Opens no connection.
 * All faults are listed at once, each as `file:line path: what is wrong`.
 */
export const loadConfig = (path: string, environment: Pick<Environment, "variables">): LoadedConfig => {
  const file = resolve(path);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    return {
      kind: "faulty",
      file,
      watched: [file],
      faults: [`${file}: cannot be read (${code}); name one with --config FILE`],
    };
  }
  return parseConfig(text, file, environment);
};

/** {@link loadConfig} on a text already read; `file` names it in faults and anchors relative paths. */
export const parseConfig = (text: string, file: string, environment: Pick<Environment, "variables">): LoadedConfig => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    const faults = document.errors.map(
      (error) => `${file}:${lines.linePos(error.pos[0]).line} is not YAML: ${firstLine(error.message)}`,
    );
    return { kind: "faulty", file, watched: [file], faults };
  }
  const folder = dirname(file);
  const substituted = substitute(document.toJS(), { variables: environment.variables, folder });
  const watched = [file, ...substituted.files];
  const parsed = configSchema.safeParse(substituted.value ?? {});
  const unresolved = new Set(substituted.faults.map((fault) => fault.path));
  const faults: Fault[] = [...substituted.faults];
  if (parsed.success) faults.push(...crossCheck(parsed.data));
  else
    for (const issue of parsed.error.issues) {
      const path = pathText(issue.path);
      // A missing variable is the cause; that its place is then empty would only be noise.
      if (!unresolved.has(path)) faults.push({ path, message: issue.message });
    }
  if (faults.length > 0 || !parsed.success) {
    const listed = faults.map(
      (fault) => `${file}:${lineOf(document, lines, fault.path)} ${fault.path || "(top level)"}: ${fault.message}`,
    );
    return { kind: "faulty", file, faults: listed, watched };
  }
  return { kind: "ok", config: withAbsolutePaths(parsed.data, folder), file, watched };
};

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );

/** The line of the deepest part of `path` that the file really has. */
const lineOf = (document: Document, lines: LineCounter, path: string): number => {
  const keys = path.split(/[.[\]]/).filter((key) => key !== "");
  for (let depth = keys.length; depth > 0; depth--) {
    const node: unknown = document.getIn(
      keys.slice(0, depth).map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
      true,
    );
    if (typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range))
      return lines.linePos(Number(node.range[0])).line;
  }
  return 1;
};

const withAbsolutePaths = (config: RelayConfig, folder: string): RelayConfig => ({
  ...config,
  workspaces: mapValues(config.workspaces, (workspace) => ({
    ...workspace,
    connectors: mapValues(workspace.connectors, (connector) => ({
      ...connector,
      source: { ...connector.source, path: resolve(folder, connector.source.path) },
    })),
  })),
});

const mapValues = <A, B>(values: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
