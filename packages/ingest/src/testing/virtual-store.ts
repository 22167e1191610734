import type { ListObjects, ListPage, ListQuery } from "../core/listing.ts";
import type { SourceObject } from "../ports.ts";

/** Keys in order, of which only the wanted ones are made: a bucket of a million costs no memory. */
export interface KeySpace {
  length: number;
  keyAt: (index: number) => string;
}

export const hourMs = 3_600_000;
export const hourOf = (ms: number): string => new Date(ms).toISOString().slice(0, 13).replace("T", "-");

/** So many files of each type in each hour before `endMs`, as Braze writes them. */
export const brazeKeys = ({
  root,
  types,
  hours,
  files,
  endMs,
}: {
  root: string;
  types: readonly string[];
  hours: number;
  files: number;
  endMs: number;
}): KeySpace => {
  const sorted = types.toSorted();
  return {
    length: types.length * hours * files,
    keyAt: (index) => {
      const [type, hour, file] = [
        Math.floor(index / (hours * files)),
        Math.floor(index / files) % hours,
        index % files,
      ];
      const date = hourOf(endMs - (hours - hour) * hourMs);
      return `${root}event_type=${sorted[type]}/date=${date}/417/us-01/dataexport+0+${String(file).padStart(6, "0")}.avro`;
    },
  };
};

export interface VirtualStore {
  list: ListObjects<SourceObject>;
  /** Requests since the last call. */
  countRequests: () => number;
  put: (key: string, landedAtMs?: number) => void;
}

/** A store in memory that lists as S3 does, 1,000 a page. */
export const virtualStore = (old: KeySpace = { length: 0, keyAt: () => "" }, oldLandedMs = 0): VirtualStore => {
  const added = new Map<string, { landedAtMs: number; version: number }>();
  let sorted: string[] = [];
  let requests = 0;
  const objectOf = (key: string): SourceObject => {
    const { landedAtMs = oldLandedMs, version = 0 } = added.get(key) ?? {};
    return { key, uri: `s3://bucket/${key}`, version: String(version), bytes: 1, landedAtMs };
  };
  const keysFrom = (first: string) =>
    merged([old, { length: sorted.length, keyAt: (index) => sorted[index] ?? "" }], first);
  return {
    list: async (query) => {
      requests += 1;
      return pageOf(keysFrom, objectOf, query);
    },
    countRequests: () => {
      const count = requests;
      requests = 0;
      return count;
    },
    put: (key, landedAtMs = Date.now()) => {
      added.set(key, { landedAtMs, version: (added.get(key)?.version ?? 0) + 1 });
      sorted = [...added.keys()].toSorted();
    },
  };
};

/** The keys of both spaces from one on, in order, once each. */
function* merged([a, b]: [KeySpace, KeySpace], first: string): Generator<string> {
  let [i, j] = [lowerBound(a, first), lowerBound(b, first)];
  while (i < a.length || j < b.length) {
    const x = i < a.length ? a.keyAt(i) : undefined;
    const y = j < b.length ? b.keyAt(j) : undefined;
    const next = x === undefined || (y !== undefined && y < x) ? y : x;
    if (next === x) i += 1;
    if (next === y) j += 1;
    yield next ?? "";
  }
}

const pageOf = (
  keysFrom: (first: string) => Iterable<string>,
  objectOf: (key: string) => SourceObject,
  { prefix, delimiter, startAfter = "", limit = 1_000, token = "" }: ListQuery,
): ListPage<SourceObject> => {
  const after = token > startAfter ? token : startAfter;
  const [objects, prefixes]: [SourceObject[], string[]] = [[], []];
  let from = after > prefix ? after : prefix;
  for (let isLeaping = true; isLeaping;) {
    isLeaping = false;
    for (const key of keysFrom(from)) {
      if (!key.startsWith(prefix)) break;
      if (key <= after) continue;
      if (objects.length + prefixes.length === limit) return { objects, prefixes, next: from };
      const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
      isLeaping = end !== -1;
      // Behind everything that the prefix stands for.
      from = isLeaping ? `${key.slice(0, end + 1)}\u{10ffff}` : key;
      if (isLeaping) prefixes.push(key.slice(0, end + 1));
      else objects.push(objectOf(key));
      if (isLeaping) break;
    }
  }
  return { objects, prefixes };
};

/** The place of the first key that is not before this one. */
const lowerBound = ({ length, keyAt }: KeySpace, key: string): number => {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyAt(middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
};
