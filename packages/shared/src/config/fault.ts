/** From the top of the configuration: names of keys, and positions (from 0) in lists. */
export type FaultPath = readonly (string | number)[];

/** One thing that is wrong with a configuration. */
export interface Fault {
  /** Empty for the file as a whole. */
  path: FaultPath;
  message: string;
}

/** `workspaces.acme.connectors.a.events[0]`; a name that is no plain word stands in brackets: `eventNames["a.b"]`. */
export const pathText = (path: FaultPath): string =>
  path.length === 0
    ? "(top level)"
    : path
        .map((key, index) => {
          if (typeof key === "number") return `[${key}]`;
          if (!/^[\w-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
          return index === 0 ? key : `.${key}`;
        })
        .join("");

/** The value at a path of parsed YAML; undefined where there is none. Reads own keys only. */
export const valueAt = (root: unknown, path: FaultPath): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? // Own key of an object, checked on the line above.
          (value as Record<string | number, unknown>)[key]
        : undefined,
    root,
  );
