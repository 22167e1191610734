import { dirname, resolve } from "node:path";
import { crossCheck, doubtsAbout } from "./cross-check.ts";
import type { Environment } from "./environment.ts";
import { type Fault, pathText, valueAt } from "./fault.ts";
import { faultsOfSchema, plainWords, shownPath } from "./faults-of-schema.ts";
import { type FilesRead, readDigest, readTextFile } from "./read-file.ts";
import { configSchema, type RelayConfig, type WorkspaceConfig, workspaceSchema } from "./schema.ts";
import type { SourceConfig } from "./source-schema.ts";
import { substitute } from "./substitute.ts";
import { readYaml, type YamlText } from "./yaml-text.ts";

/** `faults` and `doubts` are lines for people: `file:line path: what is wrong`. Neither has a secret in it. */
export type LoadedConfig =
  | { kind: "ok"; config: RelayConfig; file: string; filesRead: FilesRead; doubts: string[] }
  | { kind: "faulty"; faults: string[]; file: string; filesRead: FilesRead };

/**
 * Reads `relay.yaml`: YAML, then references, then the schema, then the rules between keys. Opens no connection.
 * All faults are listed at once; `doubts` are what is allowed and most likely a mistake.
 */
export const loadConfig = (path: string, environment: Pick<Environment, "variables">): LoadedConfig => {
  const file = resolve(path);
  const read = readTextFile(file);
  if (read.kind === "ok") return parseConfig(read.text, file, environment);
  const filesRead = new Map([[file, readDigest(read)]]);
  return { kind: "faulty", file, filesRead, faults: [`${file}: cannot be read: ${read.why}`] };
};

/** {@link loadConfig} on a text already read; `file` names it in faults and anchors relative paths. */
export const parseConfig = (text: string, file: string, environment: Pick<Environment, "variables">): LoadedConfig => {
  const folder = dirname(file);
  const yaml = readYaml(text);
  const own: FilesRead = new Map([[file, readDigest({ kind: "ok", text })]]);
  const yamlFaults = yaml.faults.map(({ line, message }) => `${file}:${line}: ${message}`);
  const faulty = (faults: string[], filesRead: FilesRead): LoadedConfig => ({
    kind: "faulty",
    file,
    faults,
    filesRead,
  });
  if (!yaml.isReadable) return faulty(yamlFaults, own);
  const shape = faultOfShape(yaml.value);
  if (shape !== undefined) return faulty([...yamlFaults, `${file}: ${shape}`], own);

  const { value, faults: unresolved, files } = substitute(yaml.value, { variables: environment.variables, folder });
  const filesRead: FilesRead = new Map([...own, ...files]);
  const parsed = configSchema.safeParse(value, { error: plainWords });
  const found = parsed.success
    ? crossCheck(parsed.data.workspaces)
    : [...faultsOfSchema(parsed.error.issues, yaml.value), ...crossCheck(goodWorkspaces(value))];
  // An unset variable is the cause; that its place is then empty would only be noise.
  const causes = new Set(unresolved.map(({ path }) => pathText(path)));
  const faults = [...unresolved, ...found.filter(({ path }) => !causes.has(pathText(path)))];
  if (!parsed.success || faults.length > 0 || yamlFaults.length > 0)
    return faulty([...yamlFaults, ...listed(faults, yaml, file)], filesRead);
  const doubts = listed(doubtsAbout(parsed.data.workspaces), yaml, file);
  return { kind: "ok", config: withAbsolutePaths(parsed.data, folder), file, filesRead, doubts };
};

const faultOfShape = (value: unknown): string | undefined => {
  if (value === null) return "the file is empty; it needs at least version and workspaces";
  if (typeof value !== "object" || Array.isArray(value)) return "the file holds no settings (key: value)";
  return undefined;
};

/** Those that are right by themselves, so that the rules between keys are checked in them beside others' faults. */
const goodWorkspaces = (value: unknown): Record<string, WorkspaceConfig> => {
  const workspaces = valueAt(value, ["workspaces"]);
  if (typeof workspaces !== "object" || workspaces === null) return {};
  return Object.fromEntries(
    Object.entries(workspaces).flatMap(([name, workspace]) => {
      const parsed = workspaceSchema.safeParse(workspace);
      return parsed.success ? [[name, parsed.data]] : [];
    }),
  );
};

/** In the order of the file. */
const listed = (faults: readonly Fault[], yaml: YamlText, file: string): string[] =>
  faults
    .map(({ path, message }) => ({ line: yaml.lineOf(path), text: `${shownPath(path, yaml.value)}: ${message}` }))
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, text }) => `${file}:${line} ${text}`);

const withAbsolutePaths = (config: RelayConfig, folder: string): RelayConfig => ({
  ...config,
  workspaces: mapValues(config.workspaces, (workspace) => ({
    ...workspace,
    expiry: {
      ...workspace.expiry,
      archive: withAbsoluteFolder(workspace.expiry.archive, folder),
    },
    connectors: mapValues(workspace.connectors, (connector) => ({
      ...connector,
      source: withAbsolutePath(connector.source, folder),
    })),
  })),
});

const withAbsoluteFolder = (
  archive: WorkspaceConfig["expiry"]["archive"],
  folder: string,
): WorkspaceConfig["expiry"]["archive"] =>
  archive && "folder" in archive ? { folder: resolve(folder, archive.folder) } : archive;

const withAbsolutePath = (source: SourceConfig, folder: string): SourceConfig => {
  if (source.type === "folder") return { ...source, path: resolve(folder, source.path) };
  if (source.type === "gcs" && source.keyFile !== undefined)
    return { ...source, keyFile: resolve(folder, source.keyFile) };
  return source;
};

const mapValues = <A, B>(values: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
