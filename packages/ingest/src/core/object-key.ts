/** What Braze writes into the key of a Currents file. */
export interface CurrentsKey {
  integration: string;
  eventType: string;
  /** The hour of the export, YYYY-MM-DD-HH, UTC. */
  date: string;
  /** The layouts differ in this: one names the schema by an id, the other by the version of the event type. */
  schema: { id: string } | { version: string };
  /** A cluster's zone or environment, `us-01`. */
  zone: string;
  partition: number;
  offset: number;
}

const folder = String.raw`dataexport\.[^/]+\.integration\.(?<integration>[^/.]+)`;
const day = String.raw`date=(?<date>\d{4}-\d{2}-\d{2}-\d{2})`;
const schema = String.raw`(?:version=(?<version>[^/]+)|(?<id>[^/=]+))`;
const file = String.raw`dataexport\.[^/]+\+(?<partition>\d+)\+(?<offset>\d+)\.avro`;
const layout = new RegExp(
  String.raw`(?:^|/)${folder}/event_type=(?<eventType>[^/]+)/${day}/${schema}/(?<zone>[^/]+)/${file}$`,
);

/**
 * Reads a key in either of Braze's two layouts, under any prefix; undefined for every other key (a file that somebody
 * copied by hand, say), which is read all the same.
 * Source: Braze, "Event delivery semantics", which warns that the naming may change.
 */
export const parseCurrentsKey = (key: string): CurrentsKey | undefined => {
  const groups = layout.exec(key)?.groups;
  if (!groups) return undefined;
  const { integration = "", eventType = "", date = "", version, id = "", zone = "", partition, offset } = groups;
  return {
    integration,
    eventType,
    date,
    schema: version === undefined ? { id } : { version },
    zone,
    partition: Number(partition),
    offset: Number(offset),
  };
};

const unfinished = /(?:~|\.(?:tmp|temp|part|partial|filepart|crdownload))$/i;

/**
 * True for what lies beside the files and is none: directory markers, hidden files and folders, files that are still
 * being written or copied, and markers such as `_SUCCESS` or `_temporary/`. An underscore before `.avro` is a file. What
 * the source's own prefix is called (`root`, with which the key begins) says nothing.
 */
export const isIgnoredKey = (key: string, root = ""): boolean => {
  const segments = key.slice(root.length).split("/");
  const name = segments.at(-1) ?? "";
  const isHidden = segments.some((segment) => segment.startsWith(".") && segment !== "." && segment !== "..");
  const isMarker = name.startsWith("_") && !name.toLowerCase().endsWith(".avro");
  return name === "" || isHidden || isMarker || segments.includes("_temporary") || unfinished.test(name);
};
