import { createHash } from "node:crypto";
import type { JobId } from "@currents-relay/shared/core/ids.ts";

/**
 * The format of an archive, version 1, before compression: one JSON object a line (NDJSON).
 * ```
 * {"relayArchive":1,"workspace":"acme","batches":2,"calls":3}
 * {"batch":{"id":"d-1f-0","connector":"engagement","calls":2,"heldSinceMs":...,"landedAtMs":...,"origin":{...}}}
 * {"type":"track","messageId":...}        the calls of that batch, byte for byte as Segment would have got them
 * {"type":"track","messageId":...}
 * {"batch":{"id":"d-1f-1",...,"calls":1,...}}
 * {"type":"track","messageId":...}
 * ```
 * So `zcat FILE | jq -c 'select(.type)'` gives the calls alone.
 */
export const archiveVersion = 1;

/** One batch that left the dead letters unsent. */
export interface ArchivedBatch {
  id: JobId;
  /** The calls' JSON texts, each on one line, joined by ",\n". */
  calls: string;
  /** How many calls there are. */
  count: number;
  connector: string;
  /** UNIX ms. */
  heldSinceMs: number;
  /** As in the batch's job: the landing time of its object (UNIX ms), the object and the first Avro block. */
  landedAtMs: number;
  origin: { uri: string; blockOffset: number };
}

/** An archive is damaged, or not what it should be; says where. */
export class ArchiveCorrupt extends Error {
  override readonly name = "ArchiveCorrupt";
}

const separator = ",\n";
/** Also the name of a file, so nothing that a path gives a meaning to. */
const idPattern = /^[a-z][\w-]{0,99}$/i;

/**
 * Where the batches belong: `<workspace>/<day>/<time>-<first id>-<hash of all ids>.ndjson.gz`. Day and time (UTC) are
 * those since when the first batch was held, not those of writing: the same batches have the same name whenever they
 * are written. Other batches have another name, even if the first is the same: nothing is written over.
 */
export const archivePath = (workspace: string, batches: readonly ArchivedBatch[]): string => {
  const [first] = batches;
  if (!first) throw new Error("an archive needs at least one batch");
  const bad = batches.find(({ id }) => !idPattern.test(id));
  if (bad) throw new Error(`"${bad.id}" is no id of a batch`);
  const [day, time = ""] = new Date(first.heldSinceMs).toISOString().split("T");
  const hash = createHash("sha256").update(batches.map(({ id }) => id).join("\n"));
  return `${workspace}/${day}/${time.replaceAll(":", "-")}-${first.id}-${hash.digest("hex").slice(0, 12)}.ndjson.gz`;
};

/** The lines of an archive, each piece ending with a line end. Throws if a batch's calls are not one a line. */
export function* archiveText(workspace: string, batches: readonly ArchivedBatch[]): Generator<string> {
  const calls = batches.reduce((sum, { count }) => sum + count, 0);
  yield `${JSON.stringify({ relayArchive: archiveVersion, workspace, batches: batches.length, calls })}\n`;
  for (const { id, connector, count, heldSinceMs, landedAtMs, origin, calls: text } of batches) {
    const lines = text.split(separator);
    if (lines.length !== count || lines.some((line) => line === "" || line.includes("\n")))
      throw new Error(`the batch ${id} is not ${count} calls, one a line`);
    yield `${JSON.stringify({ batch: { id, connector, calls: count, heldSinceMs, landedAtMs, origin } })}\n`;
    yield `${lines.join("\n")}\n`;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const asFields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {}); // any object may be asked for any field

const fieldsOf = (line: string, where: string): Fields => {
  try {
    return asFields(JSON.parse(line));
  } catch (cause) {
    throw new ArchiveCorrupt(`${where} is not JSON`, { cause });
  }
};

const wholeNumber = (fields: Fields, name: string, where: string): number => {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new ArchiveCorrupt(`${where} has no "${name}"`);
  return value;
};

const text = (fields: Fields, name: string, where: string): string => {
  const value = fields[name];
  if (typeof value !== "string") throw new ArchiveCorrupt(`${where} has no "${name}"`);
  return value;
};

const checkHeader = (line: string | undefined, workspace: string): { batches: number; calls: number } => {
  const where = "the first line";
  if (line === undefined) throw new ArchiveCorrupt("there is nothing in it");
  const header = fieldsOf(line, where);
  const version = wholeNumber(header, "relayArchive", where);
  if (version !== archiveVersion)
    throw new ArchiveCorrupt(`version ${version} of the format is not known; update this program`);
  const whose = text(header, "workspace", where);
  if (whose !== workspace)
    throw new ArchiveCorrupt(`it belongs to the workspace "${whose}", and not to "${workspace}"`);
  return { batches: wholeNumber(header, "batches", where), calls: wholeNumber(header, "calls", where) };
};

const batchOf = (line: string, where: string): Omit<ArchivedBatch, "calls"> => {
  const batch = asFields(fieldsOf(line, where)["batch"]);
  const id = text(batch, "id", where);
  if (!idPattern.test(id)) throw new ArchiveCorrupt(`${where} has no "id"`);
  const origin = asFields(batch["origin"]);
  return {
    id: id as JobId, // written from one
    connector: text(batch, "connector", where),
    count: wholeNumber(batch, "calls", where),
    heldSinceMs: wholeNumber(batch, "heldSinceMs", where),
    landedAtMs: wholeNumber(batch, "landedAtMs", where),
    origin: { uri: text(origin, "uri", where), blockOffset: wholeNumber(origin, "blockOffset", where) },
  };
};

/** Reads what {@link archiveText} wrote, from lines without their ends. Throws {@link ArchiveCorrupt}. */
export async function* archivedBatches(
  lines: AsyncIterable<string>,
  workspace: string,
): AsyncGenerator<ArchivedBatch, void> {
  const left = lines[Symbol.asyncIterator]();
  let read = 0;
  const nextLine = async (): Promise<string | undefined> => {
    const { done, value } = await left.next();
    read += 1;
    return done ? undefined : value;
  };

  try {
    const promised = checkHeader(await nextLine(), workspace);
    const found = { batches: 0, calls: 0 };
    for (let line = await nextLine(); line !== undefined; line = await nextLine()) {
      const batch = batchOf(line, `line ${read}`);
      const calls: string[] = [];
      while (calls.length < batch.count) {
        const call = await nextLine();
        if (call === undefined) throw new ArchiveCorrupt(`it ends in the middle of the batch ${batch.id}`);
        calls.push(call);
      }
      found.batches += 1;
      found.calls += batch.count;
      yield { ...batch, calls: calls.join(separator) };
    }
    if (found.batches !== promised.batches || found.calls !== promised.calls)
      throw new ArchiveCorrupt(
        `${found.batches} batches with ${found.calls} calls are in it, not ${promised.batches} with ${promised.calls}`,
      );
  } finally {
    await left.return?.();
  }
}
