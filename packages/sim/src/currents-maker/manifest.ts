import { notExportedToSegment } from "./catalog.ts";
import type { Fault } from "./plan-files.ts";
import type { WrittenRecord } from "./record-source.ts";
import { writeWhole } from "./write-file.ts";

export interface ManifestFile {
  /** The key: the path below the folder, with `/`. */
  path: string;
  eventType: string;
  records: number;
  /** Records in blocks that can be read. */
  readable: number;
  faults: readonly Fault[];
}

/** What of an id can be read back. */
export interface ReadableId {
  eventType: string;
  anonymous: boolean;
}

/** What was written. */
export interface Manifest {
  files: ManifestFile[];
  /** Records, repeated ones included. */
  events: number;
  distinctIds: number;
  /** Records that repeat an earlier one. */
  repeated: number;
  /** Every id with a record in a readable block. */
  readableIds: ReadonlyMap<string, ReadableId>;
}

/** Collects a manifest while files are written. */
export const openManifest = () => {
  const files: ManifestFile[] = [];
  const readableIds = new Map<string, ReadableId>();
  let events = 0;
  let repeated = 0;
  const kinds = new Map<string, { named: ReadableId; anonymous: ReadableId }>();
  const kindOf = (eventType: string) => {
    const kind = kinds.get(eventType) ?? {
      named: { eventType, anonymous: false },
      anonymous: { eventType, anonymous: true },
    };
    kinds.set(eventType, kind);
    return kind;
  };
  return {
    block(eventType: string, written: readonly WrittenRecord[], readable: boolean): void {
      const kind = kindOf(eventType);
      events += written.length;
      for (const record of written) {
        if (record.repeated) repeated++;
        if (readable) readableIds.set(record.id, record.anonymous ? kind.anonymous : kind.named);
      }
    },
    file: (file: ManifestFile) => void files.push(file),
    read: (): Manifest => ({ files, events, distinctIds: events - repeated, repeated, readableIds }),
  };
};
export type OpenManifest = ReturnType<typeof openManifest>;

/**
 * The ids that must reach Segment, each once: those of readable blocks, of types that are exported to Segment, of
 * users with an external_user_id (or of all users, where `anonymousUsers` is on).
 */
export const idsToDeliver = function* (
  { readableIds }: Manifest,
  { anonymousUsers = false } = {},
): Generator<{ id: string; eventType: string }> {
  for (const [id, { eventType, anonymous }] of readableIds)
    if ((anonymousUsers || !anonymous) && eventType !== notExportedToSegment) yield { id, eventType };
};

const manifestLines = function* (manifest: Manifest): Generator<string> {
  let lines: string[] = [];
  for (const entry of idsToDeliver(manifest)) {
    if (lines.push(JSON.stringify(entry)) < 10_000) continue;
    yield lines.join("\n") + "\n";
    lines = [];
  }
  if (lines.length > 0) yield lines.join("\n") + "\n";
};

/** Writes the ids that must reach Segment as NDJSON, `{id, eventType}` a line. */
export const writeManifest = (path: string, manifest: Manifest): Promise<void> =>
  writeWhole(path, manifestLines(manifest));
