import type { EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { recordMaker, type RecordOptions } from "./make-record.ts";
import { numberedUuid, type Random } from "./random.ts";
import { type EncodeRecord, recordEncoder } from "./record-type.ts";
import { recordSchema } from "./schema.ts";

/** One record as it is in a file. */
export interface WrittenRecord {
  id: string;
  /** Without external_user_id. */
  anonymous: boolean;
  /** The same record was written before. */
  repeated: boolean;
}

interface Remembered {
  id: string;
  anonymous: boolean;
  bytes: Buffer;
}

/** Records of one event type, in Avro. */
export interface RecordSource {
  /** The file schema, as JSON. */
  schema: string;
  /** Makes the next records; the bytes are valid until the next call. */
  block: (records: number) => { data: Buffer; written: WrittenRecord[] };
}

export interface SourceOptions extends RecordOptions {
  /** Share (0 to 1) of records that repeat an earlier one of this type, whole and with its id. */
  duplicatesShare: number;
  /** The number of the next new record; unique over all sources of a run. */
  nextSerial: () => number;
}

const maxRemembered = 500;
const rememberedShare = 0.02;
const firstBytes = 1 << 16;

/** A buffer that grows; `add` appends what `write` writes. */
const growingBuffer = () => {
  let bytes = Buffer.alloc(firstBytes);
  let length = 0;
  return {
    clear: () => void (length = 0),
    all: () => bytes.subarray(0, length),
    from: (start: number) => Buffer.from(bytes.subarray(start, length)),
    length: () => length,
    append(encode: EncodeRecord, record: EventRecord): void {
      let end = encode(record, bytes, length);
      while (end < 0) {
        bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)]);
        end = encode(record, bytes, length);
      }
      length = end;
    },
    appendBytes(more: Buffer): void {
      while (length + more.length > bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)]);
      length += more.copy(bytes, length);
    },
  };
};

/** The records of one event type, drawn from `random`; the earlier ones that may be repeated are remembered. */
export const recordSource = (eventType: string, random: Random, options: SourceOptions): RecordSource => {
  const schema = recordSchema(eventType, options);
  const encode = recordEncoder(schema);
  const make = recordMaker(eventType, options);
  const remembered: Remembered[] = [];
  const buffer = growingBuffer();

  const repeat = (): WrittenRecord | undefined => {
    const earlier = remembered[random.below(remembered.length)];
    if (!earlier) return undefined;
    buffer.appendBytes(earlier.bytes);
    return { id: earlier.id, anonymous: earlier.anonymous, repeated: true };
  };

  const write = (): WrittenRecord => {
    const record = make(random);
    const id = numberedUuid(random, options.nextSerial());
    record.id = id;
    const start = buffer.length();
    buffer.append(encode, record);
    const anonymous = record.external_user_id === null;
    if (options.duplicatesShare > 0 && (remembered.length < maxRemembered / 10 || random.chance(rememberedShare))) {
      const at = remembered.length < maxRemembered ? remembered.length : random.below(maxRemembered);
      remembered[at] = { id, anonymous, bytes: buffer.from(start) };
    }
    return { id, anonymous, repeated: false };
  };

  return {
    schema: JSON.stringify(schema),
    block: (records) => {
      buffer.clear();
      const written: WrittenRecord[] = [];
      for (let i = 0; i < records; i++)
        written.push((random.chance(options.duplicatesShare) ? repeat() : undefined) ?? write());
      return { data: buffer.all(), written };
    },
  };
};
