import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type ListeningServer, listening } from "./listening-server.ts";

interface Stored {
  content: Buffer;
  generation: number;
  updated: string;
}

/**
 * As much of Cloud Storage's JSON API as listing and ranged gets need: objects.list (prefix, delimiter, startOffset,
 * maxResults, pageToken) and objects.get with alt=media, generation and Range. One generation of each object, as in a
 * bucket without versioning. Source: the reference of the JSON API, v1.
 */
export interface GcsServer extends ListeningServer {
  createBucket: (bucket: string) => void;
  put: (bucket: string, name: string, content: Buffer) => void;
  remove: (bucket: string, name: string) => void;
  /** The `Authorization` headers of the requests so far. */
  authorizations: (string | undefined)[];
}

type Buckets = Map<string, Map<string, Stored>>;

const mostResults = 1_000;

export const startGcsServer = async (): Promise<GcsServer> => {
  const buckets: Buckets = new Map();
  const authorizations: (string | undefined)[] = [];
  let generation = 1_700_000_000_000_000;
  const server = createServer((incoming, outgoing) => {
    authorizations.push(incoming.headers.authorization);
    respond(buckets, incoming, outgoing);
  });
  return {
    ...(await listening(server)),
    authorizations,
    createBucket: (bucket) => void buckets.set(bucket, new Map()),
    put: (bucket, name, content) => {
      generation += 1;
      buckets.get(bucket)?.set(name, { content, generation, updated: new Date().toISOString() });
    },
    remove: (bucket, name) => void buckets.get(bucket)?.delete(name),
  };
};

const respond = (buckets: Buckets, incoming: IncomingMessage, outgoing: ServerResponse): void => {
  const url = new URL(incoming.url ?? "/", "http://gcs");
  const [, bucketName = "", objectName] = /^\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
  const bucket = buckets.get(decodeURIComponent(bucketName));
  if (!bucket) return refuse(outgoing, 404, "The specified bucket does not exist.");
  if (objectName === undefined) return sendJson(outgoing, 200, listObjects(bucket, url.searchParams));
  const object = bucket.get(decodeURIComponent(objectName));
  const wanted = url.searchParams.get("generation");
  if (!object || (wanted !== null && wanted !== String(object.generation)))
    return refuse(outgoing, 404, `No such object: ${bucketName}/${objectName}`);
  sendContent(outgoing, object.content, incoming.headers.range);
};

const listObjects = (bucket: ReadonlyMap<string, Stored>, query: URLSearchParams): object => {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter");
  const startOffset = query.get("startOffset") ?? "";
  const after = Buffer.from(query.get("pageToken") ?? "", "base64url").toString();
  const most = Math.min(mostResults, Number(query.get("maxResults") ?? mostResults));
  const items: object[] = [];
  const prefixes = new Set<string>();
  for (const name of [...bucket.keys()].toSorted()) {
    if (!name.startsWith(prefix) || name < startOffset) continue;
    const end = delimiter === null ? -1 : name.indexOf(delimiter, prefix.length);
    const entry = end === -1 ? name : name.slice(0, end + 1);
    if (entry <= after || prefixes.has(entry)) continue;
    if (items.length + prefixes.size === most)
      return { items, prefixes: [...prefixes], nextPageToken: tokenOf(items, prefixes) };
    if (end !== -1) prefixes.add(entry);
    else items.push(itemOf(name, bucket.get(name)));
  }
  return { kind: "storage#objects", items, prefixes: [...prefixes] };
};

const itemOf = (name: string, stored: Stored | undefined): { name: string } => ({
  name,
  ...(stored && {
    generation: String(stored.generation),
    size: String(stored.content.length),
    updated: stored.updated,
  }),
});

/** Names the last entry of the page. */
const tokenOf = (items: readonly object[], prefixes: ReadonlySet<string>): string => {
  const names = [...items.map((item) => ("name" in item ? String(item.name) : "")), ...prefixes];
  return Buffer.from(names.toSorted().at(-1) ?? "").toString("base64url");
};

const sendContent = (outgoing: ServerResponse, content: Buffer, range: string | undefined): void => {
  const [, from] = /^bytes=(\d+)-$/.exec(range ?? "") ?? [];
  if (from !== undefined && Number(from) >= content.length)
    return refuse(outgoing, 416, "The range cannot be satisfied.");
  const part = content.subarray(Number(from ?? 0));
  const headers = {
    "content-length": part.length,
    ...(from !== undefined && { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }),
  };
  outgoing.writeHead(from === undefined ? 200 : 206, headers).end(part);
};

const refuse = (outgoing: ServerResponse, code: number, message: string): void =>
  sendJson(outgoing, code, { error: { code, message, errors: [{ message }] } });

const sendJson = (outgoing: ServerResponse, status: number, body: object): void => {
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
