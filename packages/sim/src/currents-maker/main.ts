import { parseArgs } from "node:util";
import { codecs } from "./avro-file.ts";
import { eventTypesMatching } from "./catalog.ts";
import { type CurrentsOptions, makeCurrents } from "./make-currents.ts";
import { idsToDeliver, type Manifest, writeManifest } from "./manifest.ts";
import { layouts } from "./object-key.ts";

const help = `Writes Avro files as Braze's Currents do: any of 81 event types, any size, the same for the same seed.

  pnpm make-currents --into DIR --events N [options]

  --into DIR              folder to write below
  --events N              records to write, repeated ones included
  --types GLOB            event types; may be given more than once (default: all)
  --seed N                default 1
  --codec CODEC           null, deflate, snappy, zstandard or mixed; default null
  --layout LAYOUT         schema-id, version, flat or mixed (both of Braze's); default schema-id
  --events-per-file N     default 15000
  --records-per-block N   default 100
  --duplicates SHARE      share of records that repeat an earlier one; default 0
  --anonymous SHARE       share of users without external_user_id; default 0
  --nulls SHARE           share of nulls in optional fields; default 0.05
  --wide                  five newer optional fields (an email click has 39 then)
  --extra-field           an optional field that no catalog knows
  --big-long              a long beyond 2^53
  --corrupt               one file has a block that cannot be read
  --truncated             one file ends in the middle of a block
  --not-avro              one more file is no Avro
  --base-time TIME        ISO time, or "now": the hour in the keys, the latest event; default fixed
  --rate N                events per second; default as fast as possible
  --manifest FILE         write the ids that must be delivered to FILE, one JSON line each
  --help`;

const flags = {
  into: { type: "string" },
  events: { type: "string" },
  types: { type: "string", multiple: true },
  seed: { type: "string" },
  codec: { type: "string" },
  layout: { type: "string" },
  "events-per-file": { type: "string" },
  "records-per-block": { type: "string" },
  duplicates: { type: "string" },
  anonymous: { type: "string" },
  nulls: { type: "string" },
  wide: { type: "boolean" },
  "extra-field": { type: "boolean" },
  "big-long": { type: "boolean" },
  corrupt: { type: "boolean" },
  truncated: { type: "boolean" },
  "not-avro": { type: "boolean" },
  "base-time": { type: "string" },
  rate: { type: "string" },
  manifest: { type: "string" },
  help: { type: "boolean" },
} as const;

const parse = (args: string[]) => parseArgs({ args, options: flags }).values;
type Values = ReturnType<typeof parse>;

const numberIn = (flag: string, text: string | undefined, isRight: (value: number) => boolean): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !isRight(value)) throw new Error(`--${flag} ${text} is not possible`);
  return value;
};

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
const isSeed = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
const isShare = (value: number): boolean => value >= 0 && value <= 1;
const isRate = (value: number): boolean => value > 0 && Number.isFinite(value);

const wordIn = <T extends string>(flag: string, text: string | undefined, words: readonly T[]): T | undefined => {
  if (text === undefined) return undefined;
  const word = words.find((known) => known === text);
  if (word === undefined) throw new Error(`--${flag} ${text} is none of ${words.join(", ")}`);
  return word;
};

const timeIn = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const timeMs = text === "now" ? Date.now() : Date.parse(text);
  if (Number.isNaN(timeMs)) throw new Error(`--base-time ${text} is no time`);
  return timeMs;
};

/** The options that were given; what was left out keeps makeCurrents' default. */
const given = <T extends object>(options: { [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T; // only undefined is gone

const optionsFrom = (values: Values): CurrentsOptions => {
  const events = numberIn("events", values.events, isCount);
  if (values.into === undefined) throw new Error("--into is missing");
  if (events === undefined) throw new Error("--events is missing");
  return given<CurrentsOptions>({
    into: values.into,
    events,
    eventTypes: values.types && eventTypesMatching(values.types),
    seed: numberIn("seed", values.seed, isSeed),
    codec: wordIn("codec", values.codec, [...codecs, "mixed"]),
    layout: wordIn("layout", values.layout, [...layouts, "mixed"]),
    eventsPerFile: numberIn("events-per-file", values["events-per-file"], isCount),
    recordsPerBlock: numberIn("records-per-block", values["records-per-block"], isCount),
    duplicatesShare: numberIn("duplicates", values.duplicates, isShare),
    anonymousShare: numberIn("anonymous", values.anonymous, isShare),
    nullShare: numberIn("nulls", values.nulls, isShare),
    eventsPerSecond: numberIn("rate", values.rate, isRate),
    baseTimeMs: timeIn(values["base-time"]),
    wide: values.wide,
    extraField: values["extra-field"],
    bigLong: values["big-long"],
    corrupt: values.corrupt,
    truncated: values.truncated,
    notAvro: values["not-avro"],
  });
};

const summary = (manifest: Manifest): string => {
  const faults = manifest.files.flatMap((file) => file.faults);
  const { events, files, distinctIds, repeated } = manifest;
  const toDeliver = idsToDeliver(manifest).reduce((count) => count + 1, 0);
  const broken = faults.length > 0 ? `; faults: ${faults.join(", ")}` : "";
  return `${events} events in ${files.length} files; ${distinctIds} ids, ${repeated} repeats; ${toDeliver} ids to deliver${broken}`;
};

const main = async (): Promise<void> => {
  const values = parse(process.argv.slice(2));
  if (values.help) {
    console.log(help);
    return;
  }
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once("SIGTERM", end).once("SIGINT", end);
  const manifest = await makeCurrents({ ...optionsFrom(values), signal: ending.signal });
  if (values.manifest !== undefined) await writeManifest(values.manifest, manifest);
  console.log(summary(manifest));
};

main().catch((error: unknown) => {
  console.error(`make-currents: ${error instanceof Error ? error.message : String(error)} (--help shows the options)`);
  process.exitCode = 1;
});
