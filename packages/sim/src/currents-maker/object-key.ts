import type { Storage } from "./schema.ts";

/** Braze's two key forms ("Event delivery semantics", read 2026-11-23), and one without folders for small examples. */
export const layouts = ["schema-id", "version", "flat"] as const;
export type Layout = (typeof layouts)[number];

export interface KeyParts {
  layout: Layout;
  storage: Storage;
  /** 24 hexadecimal digits. */
  integrationId: string;
  eventType: string;
  /** UNIX ms; its hour, in UTC, is the date in the key. */
  writtenAtMs: number;
  partition: number;
  /** How many records of this event type were written before this file. */
  offset: number;
}

const cluster = "prod-01";
const zone = "us-01";
const schemaId = 17;
const version = 6;

/** The key of one file, with `/` between its parts. */
export const objectKey = (parts: KeyParts): string => {
  const { layout, storage, integrationId, eventType, writtenAtMs, partition, offset } = parts;
  const place = `+${partition}+${offset}.avro`;
  if (layout === "flat") return eventType + place;
  const integration = `dataexport.${cluster}.${storage}.integration.${integrationId}`;
  const hour = new Date(writtenAtMs).toISOString().slice(0, 13).replace("T", "-");
  const generation = layout === "schema-id" ? `${schemaId}` : `version=${version}`;
  return `${integration}/event_type=${eventType}/date=${hour}/${generation}/${zone}/${integration}${place}`;
};
