import { resolve } from "node:path";
import type { Fault, FaultPath } from "./fault.ts";
import { type FilesRead, readDigest, readTextFile } from "./read-file.ts";

interface Sources {
  variables: Readonly<Record<string, string | undefined>>;
  /** What `${file:...}` paths are relative to. */
  folder: string;
}

interface Substituted {
  value: unknown;
  faults: Fault[];
  /** The files that `${file:...}` named. */
  files: FilesRead;
}

const referencePattern = /\$?\$\{([^}]*)(\}?)/g;
const howToRefer = "write ${NAME} for an environment variable, ${file:/path} for a secret file, $${ for a plain ${";

/**
 * Puts environment variables (`${NAME}`) and secret files (`${file:/path}`, without the line end) into every text of
 * a parsed configuration. `$${` stands for a literal `${`. What is put in is not looked at again. Every reference
 * that leads nowhere is a fault; faults name what was asked for, never what was found.
 */
export const substitute = (value: unknown, sources: Sources): Substituted => {
  const faults: Fault[] = [];
  const files = new Map<string, string>();
  const above = new Set<object>();

  const found = (path: FaultPath, result: Looked): string => {
    if (result.kind === "found") return result.text;
    faults.push({ path, message: result.why });
    // Never used, as the configuration is faulty; it lets the rest of it be checked.
    return "unresolved";
  };

  const lookUp = (reference: string, isClosed: boolean): Looked => {
    if (!isClosed) return nothing(`a reference is not closed with }; ${howToRefer}`);
    if (reference.startsWith("file:")) return lookUpFile(resolve(sources.folder, reference.slice(5)), files);
    if (!/^\w+$/.test(reference)) return nothing(`a reference cannot be read; ${howToRefer}`);
    return lookUpVariable(reference, sources.variables);
  };

  const visit = (node: unknown, path: FaultPath): unknown => {
    if (typeof node === "string")
      return node.replace(referencePattern, (match, reference: string, end: string) =>
        match.startsWith("$$") ? match.slice(1) : found(path, lookUp(reference, end !== "")),
      );
    if (typeof node !== "object" || node === null) return node;
    if (above.has(node)) {
      faults.push({ path, message: "a YAML alias stands inside of what it stands for" });
      return undefined;
    }
    above.add(node);
    const visited = Array.isArray(node)
      ? node.map((item, index) => visit(item, [...path, index]))
      : members(node, path);
    above.delete(node);
    return visited;
  };

  const members = (node: object, path: FaultPath): Record<string, unknown> => {
    // The one name that an object cannot safely have; the schema would pass over it without a word.
    if (Object.hasOwn(node, "__proto__"))
      faults.push({ path: [...path, "__proto__"], message: "is not possible as a name" });
    const usable = Object.entries(node).filter(([key]) => key !== "__proto__");
    return Object.fromEntries(usable.map(([key, item]) => [key, visit(item, [...path, key])]));
  };

  return { value: visit(value, []), faults, files };
};

type Looked = { kind: "found"; text: string } | { kind: "nothing"; why: string };

const nothing = (why: string): Looked => ({ kind: "nothing", why });

const lookUpFile = (file: string, files: Map<string, string>): Looked => {
  const read = readTextFile(file);
  files.set(file, readDigest(read));
  if (read.kind === "unreadable") return nothing(`the secret file ${file} cannot be read: ${read.why}`);
  const text = read.text.replace(/\r?\n$/, "");
  return text === "" ? nothing(`the secret file ${file} is empty`) : { kind: "found", text };
};

const lookUpVariable = (name: string, variables: Sources["variables"]): Looked => {
  const text = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (text === undefined) return nothing(`the environment variable ${name} is not set`);
  return text === "" ? nothing(`the environment variable ${name} is empty`) : { kind: "found", text };
};
