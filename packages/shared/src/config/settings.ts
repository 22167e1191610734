import { z } from "zod";
import type { FaultPath } from "./fault.ts";
import { kinds } from "./scalars.ts";
import { configSchema } from "./schema.ts";

/** One key of the configuration, as the schema has it. */
export interface Setting {
  /** `*` stands for a name of the operator's choosing. */
  path: readonly string[];
  /** What it may be; undefined for a key that only holds others. */
  kind: string | undefined;
  isSecret: boolean;
  isRequired: boolean;
  /** As one would write it in the file; undefined where there is none, or it depends. */
  default: unknown;
  description: string;
}

type Found = Pick<Setting, "kind" | "isSecret" | "isRequired" | "default" | "description"> & { inner: z.core.$ZodType };

const unwrapped = (schema: z.core.$ZodType): Found => {
  const found: Found = {
    kind: undefined,
    isSecret: false,
    isRequired: true,
    default: undefined,
    description: "",
    inner: schema,
  };
  for (let layer = schema; ;) {
    found.inner = layer;
    found.description ||= z.globalRegistry.get(layer)?.description ?? "";
    found.kind ??= kinds.get(layer)?.kind;
    found.isSecret ||= kinds.get(layer)?.isSecret ?? false;
    if (layer instanceof z.ZodOptional || layer instanceof z.ZodPrefault) {
      found.isRequired = false;
      if (layer instanceof z.ZodPrefault) found.default = layer.def.defaultValue;
      layer = layer.def.innerType;
    } else if (layer instanceof z.ZodPipe)
      layer = layer.def.out instanceof z.ZodTransform ? layer.def.in : layer.def.out;
    else return found;
  }
};

/** The keys of several kinds of one thing: what several have is shown once, and the key that tells them apart with all of them. */
const settingsOfKinds = (union: z.core.$ZodDiscriminatedUnion, path: readonly string[]): Setting[] => {
  const found = union._zod.def.options.flatMap((kind) =>
    settingsBelow(kind, path).filter(({ path: of }) => of.length > path.length),
  );
  const isTeller = ({ path: of }: Setting) =>
    of.length === path.length + 1 && of.at(-1) === union._zod.def.discriminator;
  const tellers = found.filter(isTeller).map(({ kind }) => kind);
  const first = new Map<string, Setting>();
  for (const setting of found) {
    const key = setting.path.join(".");
    if (!first.has(key))
      first.set(key, isTeller(setting) ? { ...setting, kind: `one of ${tellers.join(", ")}` } : setting);
  }
  return [...first.values()];
};

const settingsBelow = (schema: z.core.$ZodType, path: readonly string[]): Setting[] => {
  const { inner, ...facts } = unwrapped(schema);
  const own: Setting[] = path.length === 0 || path.at(-1) === "*" ? [] : [{ path, ...facts }];
  if (facts.kind !== undefined) return own;
  if (inner instanceof z.ZodObject)
    return [...own, ...Object.entries(inner.shape).flatMap(([key, member]) => settingsBelow(member, [...path, key]))];
  if (inner instanceof z.ZodDiscriminatedUnion) return [...own, ...settingsOfKinds(inner, path)];
  if (inner instanceof z.ZodRecord) return [...own, ...settingsBelow(inner.def.valueType, [...path, "*"])];
  throw new Error(`the setting ${path.join(".")} has no kind: make it with scalars.ts`);
};

/** Every key of `relay.yaml`, in the order of the schema; a key that holds others comes before them. */
export const settings: readonly Setting[] = settingsBelow(configSchema, []);

const matches = (pattern: readonly string[], path: FaultPath): boolean =>
  pattern.length === path.length && pattern.every((key, index) => key === "*" || key === path[index]);

/** The setting at a path of a real configuration. */
export const settingAt = (path: FaultPath): Setting | undefined =>
  settings.find((setting) => matches(setting.path, path));

/** The keys that may stand below a path. */
export const keysBelow = (path: FaultPath): string[] =>
  settings.filter((setting) => matches(setting.path.slice(0, -1), path)).map(({ path: of }) => of.at(-1) ?? "");
