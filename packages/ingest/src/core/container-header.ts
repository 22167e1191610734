import { AvroFault } from "@currents-relay/shared/avro/avro-fault.ts";
import { maxVarintBytes, readLong } from "@currents-relay/shared/avro/varint.ts";
import type { ByteWindow } from "./byte-window.ts";
import { bad, good } from "./checked.ts";
import type { Checked } from "./checked.ts";
import { isCodecName } from "./codecs.ts";
import type { CodecName } from "./codecs.ts";
import type { ContainerLimits } from "./limits.ts";

/** What the header of an Avro object container file says (Avro specification, "Object Container Files"). */
export interface ContainerHeader {
  schemaText: string;
  codec: CodecName;
  /** 16 bytes; ends every block. */
  sync: Buffer;
  /** Where the first block begins. */
  endOffset: number;
  /** All entries, the schema and the codec among them. */
  metadata: ReadonlyMap<string, Buffer>;
}

const magic = Buffer.from("Obj\x01", "latin1");
export const syncBytes = 16;

/** How the way through the header ends early. Thrown and caught in this file only. */
class HeaderFault extends Error {
  readonly reason: "truncated" | "over-limit";

  constructor(reason: HeaderFault["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

type Take = (bytes: number) => Promise<Buffer>;

/** Takes bytes one piece after the other, and no more than the header may have. */
const takeFrom = (window: ByteWindow, maxBytes: number): Take => {
  return async (bytes) => {
    if (window.offset() + bytes > maxBytes)
      throw new HeaderFault("over-limit", `the header has more than ${maxBytes} bytes`);
    if (!(await window.fill(bytes)))
      throw new HeaderFault("truncated", `the file ends in its header, at ${window.offset() + window.held().length}`);
    const taken = window.held().subarray(0, bytes);
    window.drop(bytes);
    return taken;
  };
};

const takeLong = async (take: Take): Promise<number> => {
  const varint: number[] = [];
  for (let count = 0; count < maxVarintBytes; count++) {
    const byte = (await take(1)).readUInt8();
    varint.push(byte);
    if (byte < 0x80) break;
  }
  return readLong({ bytes: Uint8Array.from(varint), pos: 0, end: varint.length });
};

const takeBytes = async (take: Take): Promise<Buffer> => {
  const length = await takeLong(take);
  if (length < 0) throw new AvroFault("bad-record", `an entry of the header has ${length} bytes`);
  return take(length);
};

const takeMetadata = async (take: Take, maxEntries: number): Promise<Map<string, Buffer>> => {
  const metadata = new Map<string, Buffer>();
  let entries = 0;
  for (let run = await takeLong(take); run !== 0; run = await takeLong(take)) {
    if (run < 0) await takeLong(take); // A negative count is followed by the run's size in bytes.
    entries += Math.abs(run);
    if (entries > maxEntries)
      throw new HeaderFault("over-limit", `the header has more than ${maxEntries} metadata entries`);
    for (let left = Math.abs(run); left > 0; left--) {
      const key = (await takeBytes(take)).toString();
      // Copied: a view would hold the whole piece of the file for as long as the header is used.
      metadata.set(key, Buffer.from(await takeBytes(take)));
    }
  }
  return metadata;
};

const checkMagic = async (window: ByteWindow): Promise<Checked<void>> => {
  await window.fill(magic.length);
  const found = window.held().subarray(0, magic.length);
  if (found.length === 0) return bad("empty-file", "the file has no bytes");
  if (!found.equals(magic.subarray(0, found.length)))
    return bad("not-avro", "the file does not begin with the four bytes of an Avro container");
  if (found.length < magic.length) return bad("truncated", "the file ends in its first four bytes");
  window.drop(magic.length);
  return good(undefined);
};

const headerFrom = (metadata: Map<string, Buffer>, sync: Buffer, endOffset: number): Checked<ContainerHeader> => {
  const schema = metadata.get("avro.schema");
  if (schema === undefined) return bad("bad-schema", "the header has no schema");
  const codec = metadata.get("avro.codec")?.toString() || "null";
  if (!isCodecName(codec)) return bad("unsupported-codec", `the codec ${JSON.stringify(codec)} is not known`);
  return good({ schemaText: schema.toString(), codec, sync: Buffer.from(sync), endOffset, metadata });
};

/**
 * Reads the header from the beginning of a file and drops it from the window.
 * Quarantined with: empty-file, not-avro, truncated, over-limit, bad-schema, unsupported-codec.
 */
export const takeHeader = async (window: ByteWindow, limits: ContainerLimits): Promise<Checked<ContainerHeader>> => {
  const begins = await checkMagic(window);
  if (begins.kind !== "ok") return begins;
  const take = takeFrom(window, limits.maxHeaderBytes);
  try {
    const metadata = await takeMetadata(take, limits.maxMetadataEntries);
    const sync = await take(syncBytes);
    return headerFrom(metadata, sync, window.offset());
  } catch (cause) {
    if (cause instanceof HeaderFault) return bad(cause.reason, cause.message);
    if (cause instanceof AvroFault) return bad("not-avro", `the header is damaged: ${cause.message}`);
    throw cause;
  }
};
