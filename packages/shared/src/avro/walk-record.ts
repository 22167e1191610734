import { AvroFault } from "./avro-fault.ts";
import type { RecordLimits } from "./record-limits.ts";
import type { RecordNode, SchemaNode } from "./schema-node.ts";
import { readInt, readLong } from "./varint.ts";
import type { Cursor } from "./varint.ts";

/** A cursor that also counts what one record may still cost. */
interface Walker extends Cursor {
  itemsLeft: number;
  depthLeft: number;
}

/** Moves the cursor behind one value, or throws AvroFault. */
type Walk = (at: Walker) => void;

interface Compiling {
  limits: RecordLimits;
  records: Map<RecordNode, Walk>;
  weights: Map<RecordNode, number | undefined>;
}

const badRecord = (message: string): never => {
  throw new AvroFault("bad-record", message);
};

const advance = (at: Walker, bytes: number): void => {
  if (bytes < 0 || bytes > at.end - at.pos) badRecord(`a value at ${at.pos} says that it has ${bytes} bytes`);
  at.pos += bytes;
};

const spend = (at: Walker, items: number): void => {
  at.itemsLeft -= items;
  if (at.itemsLeft < 0) throw new AvroFault("over-limit", `the record at ${at.pos} has too many items`);
};

const walkNothing: Walk = () => {};
const walkString: Walk = (at) => advance(at, readLong(at));
const walkBoolean: Walk = (at) => {
  const byte = at.pos < at.end ? at.bytes[at.pos++] : undefined;
  if (byte !== 0 && byte !== 1) badRecord(`the boolean before ${at.pos} is neither 0 nor 1`);
};

/**
 * How many values a node stands for if it takes no bytes at all (null, an empty record); undefined if it takes some.
 * Such values cost the walk nothing and decoding something, so they are counted against the record's items.
 */
const weightless = (node: SchemaNode, compiling: Compiling): number | undefined => {
  if (node.kind === "null" || (node.kind === "fixed" && node.size === 0)) return 1;
  if (node.kind !== "record") return undefined;
  if (compiling.weights.has(node)) return compiling.weights.get(node);
  compiling.weights.set(node, undefined); // What a record that contains itself keeps: the walk's depth ends it.
  let sum: number | undefined = 1;
  for (const { type } of node.fields) {
    const weight = weightless(type, compiling);
    sum = sum === undefined || weight === undefined ? undefined : sum + weight;
  }
  if (sum !== undefined && sum > compiling.limits.maxItemsPerRecord)
    throw new AvroFault("over-limit", `the record ${JSON.stringify(node.name)} holds too many empty values`);
  compiling.weights.set(node, sum);
  return sum;
};

/** Arrays and maps: runs of a count and its items, up to a count of 0; a negative count is followed by a byte size. */
const walkItems = (item: Walk, weight: number | undefined): Walk => {
  const walkRun = (at: Walker, items: number): void => {
    spend(at, items * (weight ?? 1));
    if (weight === undefined) for (let left = items; left > 0; left--) item(at);
  };
  return (at) => {
    for (let items = readLong(at); items !== 0; items = readLong(at)) {
      if (items > 0) {
        walkRun(at, items);
        continue;
      }
      const end = readLong(at) + at.pos;
      walkRun(at, -items);
      if (at.pos !== end) badRecord(`an array ends at ${at.pos} and said ${end}`);
    }
  };
};

/** `["null", "string"]` in either order, which is nearly every field of Braze's: one call instead of three. */
const walkOptionalString = (nullByte: number): Walk => {
  const stringByte = 2 - nullByte;
  return (at) => {
    const { bytes, pos } = at;
    const branch = pos < at.end ? bytes[pos] : undefined;
    if (branch === nullByte) {
      at.pos = pos + 1;
      return;
    }
    if (branch !== stringByte) badRecord(`the union at ${pos} names a branch that it does not have`);
    at.pos = pos + 1;
    advance(at, readLong(at));
  };
};

const walkUnion = (branches: readonly Walk[]): Walk => {
  if (branches.length === 2 && branches.includes(walkNothing) && branches.includes(walkString))
    return walkOptionalString(branches.indexOf(walkNothing) * 2);
  return (at) => {
    const branch = branches[readLong(at)];
    if (branch === undefined) badRecord(`the union before ${at.pos} names a branch that it does not have`);
    else branch(at);
  };
};

const compileRecord = (node: RecordNode, compiling: Compiling): Walk => {
  const known = compiling.records.get(node);
  if (known) return known;
  const walks: Walk[] = []; // Filled below: the record may be a field of itself.
  let emptyValues = 0;
  const walk: Walk = (at) => {
    if (--at.depthLeft < 0) throw new AvroFault("over-limit", `records are nested too deep at ${at.pos}`);
    if (emptyValues > 0) spend(at, emptyValues);
    for (let index = 0; index < walks.length; index++) (walks[index] as Walk)(at); // In bounds by the loop.
    at.depthLeft++;
  };
  compiling.records.set(node, walk);
  for (const { type } of node.fields) {
    const weight = weightless(type, compiling);
    if (weight === undefined) walks.push(compile(type, compiling));
    else emptyValues += weight;
  }
  return walk;
};

const compile = (node: SchemaNode, compiling: Compiling): Walk => {
  switch (node.kind) {
    case "null":
      return walkNothing;
    case "boolean":
      return walkBoolean;
    case "int":
      return readInt;
    case "long":
      return readLong;
    case "float":
      return (at) => advance(at, 4);
    case "double":
      return (at) => advance(at, 8);
    case "bytes":
    case "string":
      return walkString;
    case "fixed":
      return (at) => advance(at, node.size);
    case "enum":
      return (at) => {
        const index = readLong(at);
        if (index < 0 || index >= node.symbols.length) badRecord(`the enum before ${at.pos} has no such symbol`);
      };
    case "array":
      return walkItems(compile(node.items, compiling), weightless(node.items, compiling));
    case "map": {
      const value = compile(node.values, compiling);
      const entry: Walk = (at) => {
        walkString(at);
        value(at);
      };
      return walkItems(entry, undefined);
    }
    case "union":
      return walkUnion(node.branches.map((branch) => compile(branch, compiling)));
    case "record":
      return compileRecord(node, compiling);
  }
};

const noBytes = new Uint8Array();

/** Runs `walk` over a record; the cursor is used again and again. */
const walking = (walk: Walk, limits: RecordLimits): ((bytes: Uint8Array, pos: number) => number) => {
  const at: Walker = { bytes: noBytes, pos: 0, end: 0, itemsLeft: 0, depthLeft: 0 };
  return (bytes, pos) => {
    at.bytes = bytes;
    at.pos = pos;
    at.end = bytes.length;
    at.itemsLeft = limits.maxItemsPerRecord;
    at.depthLeft = limits.maxDepth * 2;
    try {
      walk(at);
      return at.pos;
    } finally {
      at.bytes = noBytes; // A block is many megabytes: not to be held until the next one comes.
    }
  };
};

/**
 * Makes a function that finds where the record at `pos` ends, without decoding it: time and stack are bounded by the
 * bytes and by the limits, whatever the bytes are. Throws AvroFault "bad-record" when they are not such a record (every
 * length, count, branch and symbol is checked), "over-limit" when they ask for too much.
 * avsc's own skipping does none of this: it loops over any count and moves by any length, backwards too.
 */
export const compileWalk = (record: RecordNode, limits: RecordLimits): ((bytes: Uint8Array, pos: number) => number) =>
  walking(compileRecord(record, { limits, records: new Map(), weights: new Map() }), limits);

/** The same walk, which also notes in `starts` where the value of each field begins, in the schema's order. */
export const compileScan = (
  record: RecordNode,
  limits: RecordLimits,
): ((bytes: Uint8Array, pos: number, starts: Uint32Array) => number) => {
  const compiling: Compiling = { limits, records: new Map(), weights: new Map() };
  const walks = record.fields.map(({ type }) => compile(type, compiling));
  let starts: Uint32Array = new Uint32Array();
  const scan = walking((at) => {
    for (let index = 0; index < walks.length; index++) {
      starts[index] = at.pos;
      (walks[index] as Walk)(at); // In bounds by the loop.
    }
  }, limits);
  return (bytes, pos, into) => {
    starts = into;
    return scan(bytes, pos);
  };
};
