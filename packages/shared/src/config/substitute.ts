import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export interface Fault {
  /** Where in the configuration: `workspaces.acme.segment.region`; empty for the file as a whole. */
  path: string;
  message: string;
}

interface Sources {
  variables: Readonly<Record<string, string | undefined>>;
  /** What `${file:...}` paths are relative to. */
  folder: string;
}

interface Substituted {
  value: unknown;
  faults: Fault[];
  /** The files that `${file:...}` read, so that a watcher can follow them. */
  files: string[];
}

/**
 * Puts environment variables (`${NAME}`) and secret files (`${file:/path}`, without its last line end) into every
 * text of a parsed configuration. `$${` stands for a literal `${`. Every reference that leads nowhere is a fault.
 */
export const substitute = (value: unknown, sources: Sources): Substituted => {
  const faults: Fault[] = [];
  const files: string[] = [];

  const resolveReference = (reference: string, path: string): string => {
    if (reference.startsWith("file:")) {
      const file = resolve(sources.folder, reference.slice("file:".length));
      files.push(file);
      try {
        return readFileSync(file, "utf8").replace(/\r?\n$/, "");
      } catch (cause) {
        const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
        faults.push({ path, message: `cannot read the secret file ${file} (${code})` });
        return "";
      }
    }
    const found = sources.variables[reference];
    if (found === undefined || found === "")
      faults.push({ path, message: `the environment variable ${reference} is ${found === "" ? "empty" : "not set"}` });
    return found ?? "";
  };

  const visit = (node: unknown, path: string): unknown => {
    if (typeof node === "string")
      return node.replace(/\$?\$\{([^}]*)\}/g, (match, reference: string) =>
        match.startsWith("$$") ? match.slice(1) : resolveReference(reference, path),
      );
    if (Array.isArray(node)) return node.map((item, index) => visit(item, `${path}[${index}]`));
    if (typeof node === "object" && node !== null)
      return Object.fromEntries(
        Object.entries(node).map(([key, item]) => [key, visit(item, path === "" ? key : `${path}.${key}`)]),
      );
    return node;
  };

  return { value: visit(value, ""), faults, files };
};
