import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { crc32, inflateRawSync, zstdDecompressSync } from "node:zlib";
import avsc from "avsc";
import { uncompressSync } from "snappy";
import { anyLong } from "./record-type.ts";

export interface ReadFile {
  records: Record<string, unknown>[];
  schemaName: string;
}

type Decompress = (data: Buffer) => Buffer;

const unsnappy: Decompress = (data) => {
  const plain = uncompressSync(data.subarray(0, -4)) as Buffer; // a Buffer unless asked for a string
  if (crc32(plain) !== data.readUInt32BE(data.length - 4)) throw new Error("the checksum of a snappy block is wrong");
  return plain;
};

const codec = (decompress: Decompress) => (data: Buffer, done: (error: Error | null, plain?: Buffer) => void) => {
  try {
    done(null, decompress(data));
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)));
  }
};

const codecs = {
  null: codec((data) => data),
  deflate: codec((data) => inflateRawSync(data)),
  snappy: codec(unsnappy),
  zstandard: codec((data) => zstdDecompressSync(data)),
};

/** Reads a container file with avsc's own decoder. Rejects at its first fault. */
export const readAvroFile = (path: string): Promise<ReadFile> =>
  new Promise((resolve, reject) => {
    const records: Record<string, unknown>[] = [];
    let schemaName = "";
    const parseHook = (schema: avsc.Schema) => avsc.Type.forSchema(schema, { registry: { long: anyLong } });
    createReadStream(path)
      .on("error", reject)
      .pipe(new avsc.streams.BlockDecoder({ codecs, parseHook }))
      .on("metadata", (type: avsc.Type) => (schemaName = type.name ?? ""))
      .on("data", (record: Record<string, unknown>) => records.push(record))
      .on("error", reject)
      .on("end", () => resolve({ records, schemaName }));
  });

/** The files below a folder, as keys, sorted. */
export const keysBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .toSorted();
};
