import { posix } from "node:path";

/**
 * Who may import whom, written once. The rooms of a package are the folders and files right under its `src`.
 * Tests are held to the arrows between packages, not to those between rooms: they know both sides by trade.
 */

/** A package that is not named here may import itself and `shared`. */
const packagesOf: Record<string, readonly string[] | "all"> = { shared: [], cli: "all" };

/** Values in, values out. They see each other, pure modules of Node, and codecs that are pure functions. */
const pureRooms: readonly string[] = ["core", "contracts", "avro"];
const pureModules: readonly string[] = [
  "node:buffer",
  "node:crypto",
  "node:util",
  "node:zlib",
  "avsc",
  "picomatch",
  "snappy",
];

const scope = "@currents-relay/";

/** A file of ours. `room` is its folder under `src`, or the file's own name without `.ts` when it stands there itself. */
interface Place {
  package: string;
  room: string;
  isTest: boolean;
}

export interface Import {
  /** The importing file; the part from `packages/` on is looked at. */
  file: string;
  /** What stands between the quotes. */
  specifier: string;
  /** `import type`, or every name of it is a type. */
  typeOnly: boolean;
}

const placeOf = (path: string): Place | undefined => {
  const found = /(?:^|\/)packages\/([^/]+)\/src\/([^/]+)/.exec(path);
  if (!found) return undefined;
  const [, name = "", first = ""] = found;
  return { package: name, room: first.replace(/\.ts$/, ""), isTest: path.endsWith(".test.ts") };
};

/** The file that a specifier means, if it is one of ours; undefined for modules from outside. */
const targetOf = (file: string, specifier: string): Place | undefined => {
  if (specifier.startsWith(".")) return placeOf(posix.join(posix.dirname(file), specifier));
  if (!specifier.startsWith(scope)) return undefined;
  const [name = "", ...rest] = specifier.slice(scope.length).split("/");
  return placeOf(`packages/${name}/src/${rest.join("/") || "."}`);
};

const packageFault = (from: Place, to: Place, specifier: string): string | undefined => {
  if (from.package === to.package) return undefined;
  if (specifier.startsWith(".")) return `"${specifier}" leaves the package; import it as ${scope}${to.package}/...`;
  const allowed = packagesOf[from.package] ?? ["shared"];
  if (allowed === "all" || allowed.includes(to.package)) return undefined;
  if (from.package === "shared")
    return `shared imports none of our packages; hand in what it needs of ${to.package} as an argument`;
  return `${from.package} must not import ${to.package}; what passes between packages belongs in shared/contracts`;
};

const pureRoomFault = (from: Place, to: Place | undefined, specifier: string): string | undefined => {
  if (to ? pureRooms.includes(to.room) : pureModules.includes(specifier)) return undefined;
  return `${from.room}/ is pure and must not import "${specifier}"; take the value as an argument, or move the code to adapters/`;
};

const pipelineFault = ({ specifier, typeOnly }: Import, to: Place | undefined): string | undefined => {
  if (typeOnly || (to && pureRooms.includes(to.room))) return undefined;
  return `pipeline.ts imports core, and of everything else only types; reach "${specifier}" through a port that main.ts hands in`;
};

/** What is wrong with an import and what to do instead, or undefined when it follows the arrows. */
export const arrowFault = (found: Import): string | undefined => {
  const from = placeOf(found.file);
  if (!from) return undefined;
  const to = targetOf(found.file, found.specifier);
  const betweenPackages = to && packageFault(from, to, found.specifier);
  if (betweenPackages || from.isTest) return betweenPackages;
  if (pureRooms.includes(from.room)) return pureRoomFault(from, to, found.specifier);
  return from.room === "pipeline" ? pipelineFault(found, to) : undefined;
};

/** Whether a file is held to purity: in a pure room, and not a test. */
export const isPure = (file: string): boolean => {
  const place = placeOf(file);
  return place !== undefined && !place.isTest && pureRooms.includes(place.room);
};
