import { type Codec, codecs } from "./avro-file.ts";
import type { Layout } from "./object-key.ts";

/** What is wrong with a file on purpose: one unreadable block, or an end in the middle of its last block. */
export type Fault = "corrupt-block" | "truncated" | "not-avro";

export interface FilePlan {
  eventType: string;
  records: number;
  codec: Codec;
  layout: Layout;
  faults: readonly Fault[];
}

export interface PlanOptions {
  events: number;
  eventTypes: readonly string[];
  eventsPerFile: number;
  codec: Codec | "mixed";
  layout: Layout | "mixed";
  corrupt: boolean;
  truncated: boolean;
}

const codecAt = (codec: Codec | "mixed", index: number): Codec =>
  codec === "mixed" ? (codecs[index % codecs.length] ?? "null") : codec;

// The real layouts take turns after each round of codecs, so that every codec comes in both.
const layoutAt = (layout: Layout | "mixed", index: number): Layout => {
  if (layout !== "mixed") return layout;
  return Math.floor(index / codecs.length) % 2 === 0 ? "schema-id" : "version";
};

/**
 * Divides the events over files: the types evenly, no file empty or over `eventsPerFile`, the types taking turns. With
 * three files or more, the faults are in different files.
 */
export const planFiles = (options: PlanOptions): FilePlan[] => {
  const { events, eventTypes, eventsPerFile } = options;
  const sizes: { eventType: string; round: number; records: number }[] = [];
  eventTypes.forEach((eventType, index) => {
    const share = Math.floor(events / eventTypes.length) + (index < events % eventTypes.length ? 1 : 0);
    for (let round = 0; round * eventsPerFile < share; round++)
      sizes.push({ eventType, round, records: Math.min(eventsPerFile, share - round * eventsPerFile) });
  });
  const inTurns = sizes.toSorted((a, b) => a.round - b.round);
  const corruptAt = options.corrupt ? Math.min(1, inTurns.length - 1) : -1;
  const truncatedAt = !options.truncated ? -1 : inTurns.length > 2 ? 2 : 0;
  return inTurns.map(({ eventType, records }, index) => {
    const faults: Fault[] = [];
    if (index === corruptAt) faults.push("corrupt-block");
    if (index === truncatedAt) faults.push("truncated");
    return {
      eventType,
      records,
      codec: codecAt(options.codec, index),
      layout: layoutAt(options.layout, index),
      faults,
    };
  });
};
