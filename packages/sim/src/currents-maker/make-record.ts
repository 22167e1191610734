import type { EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { schemaFields, type SchemaOptions } from "./schema.ts";
import type { Random } from "./random.ts";
import { type MakeValue, type Subject, valueMaker } from "./values.ts";
import { makeWorld, type World } from "./world.ts";

export interface RecordOptions extends SchemaOptions {
  /** Default: the world of seed 1. */
  world?: World;
  /** Share (0 to 1) of users without external_user_id; default 0. */
  anonymousShare?: number;
  /** Share (0 to 1) of nulls in an optional field, beside those that its sender leaves empty; default 0.05. */
  nullShare?: number;
  /** UNIX ms; events lie in the three hours before it. */
  baseTimeMs?: number;
}

/** The moment that made-up events end at when none is given. */
export const defaultBaseTimeMs = Date.UTC(2026, 10, 23, 12);

const eventsSpanSeconds = 3 * 60 * 60;

let firstWorld: World | undefined;
const defaultWorld = (): World => (firstWorld ??= makeWorld(1));

/**
 * Prepares a maker of records of one event type, one value for every field of {@link recordSchema} with the same
 * options. Ids are random UUIDs. Throws for a type that is not in the catalog.
 */
export const recordMaker = (eventType: string, options: RecordOptions = {}): ((random: Random) => EventRecord) => {
  const { anonymousShare = 0, nullShare = 0.05, baseTimeMs = defaultBaseTimeMs, world = defaultWorld() } = options;
  const lastSecond = Math.floor(baseTimeMs / 1000);
  const makers = schemaFields(eventType, options).map((field): [string, MakeValue] => [
    field.name,
    valueMaker(field, nullShare),
  ]);
  return (random) => {
    const sender = random.chance(0.7) ? "campaign" : "canvas";
    const campaign = random.pick(world.campaigns);
    const canvas = random.pick(world.canvases);
    const step = random.pick(canvas.steps);
    const subject: Subject = {
      random,
      world,
      user: random.pick(world.users),
      anonymous: random.chance(anonymousShare),
      sender,
      campaign,
      canvas,
      variation: random.pick((sender === "campaign" ? campaign : canvas).variations),
      link: random.pick((sender === "campaign" ? campaign : step).links),
      send: random.pick(campaign.sends),
      step,
      timeSeconds: lastSecond - random.below(eventsSpanSeconds),
    };
    const record: EventRecord = {};
    for (const [name, make] of makers) record[name] = make(subject);
    return record;
  };
};

/** One record of an event type, with some fields given. The same `random` state gives the same record. */
export const makeRecord = (eventType: string, random: Random, overrides: EventRecord = {}): EventRecord => ({
  ...recordMaker(eventType)(random),
  ...overrides,
});
