import avsc from "avsc";
import { expect, test } from "vitest";
import { eventTypes, eventTypesMatching, fieldsOf } from "./catalog.ts";
import { makeRecord, recordMaker } from "./make-record.ts";
import { anEmailClick } from "./makers.ts";
import { numberedUuid, seededRandom } from "./random.ts";
import { recordSchema } from "./schema.ts";

const clickType = "users.messages.email.Click";

const typeOf = (eventType: string) => avsc.Type.forSchema(recordSchema(eventType) as unknown as avsc.Schema);

test("the catalog has 81 event types, whose fields have the types that Braze uses", () => {
  expect(eventTypes).toHaveLength(81);
  const used = new Set(eventTypes.flatMap((type) => fieldsOf(type).map((field) => field.type)));
  expect([...used].toSorted()).toEqual(["array of string", "boolean", "float", "int", "long", "string"]);
});

test.each(eventTypes)("records of %s fit their schema and have an id, a user and a time", (eventType) => {
  const type = typeOf(eventType);
  const make = recordMaker(eventType, { nullShare: 0.3, anonymousShare: 0.3 });
  const random = seededRandom(3);
  for (let i = 0; i < 20; i++) {
    const record = make(random);
    expect(type.isValid(record)).toBe(true);
    expect(record).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      user_id: expect.stringMatching(/^[0-9a-f]{24}$/),
      time: expect.any(Number),
    });
  }
});

test("an email click looks like one", () => {
  const click = recordMaker(clickType, { nullShare: 0, baseTimeMs: 1_800_000_000_000 })(seededRandom(1));
  expect(click).toMatchObject({
    email_address: expect.stringMatching(/^[a-z]+\.[a-z]+\d+@mail\.example$/),
    url: expect.stringMatching(/^https:\/\/shop\.example\//),
    user_agent: expect.stringMatching(/^Mozilla\/5\.0 /),
    timezone: expect.stringMatching(/^[A-Z]\w+\/\w+$/),
  });
  expect(click.time).toBeLessThanOrEqual(1_800_000_000);
  expect(click.time).toBeGreaterThan(1_800_000_000 - 3 * 3_600);
});

test("what Braze shares among the events of a message is shared: its send, its links, its variations", () => {
  const make = recordMaker(clickType, { nullShare: 0 });
  const random = seededRandom(1);
  const clicks = Array.from({ length: 4_000 }, () => make(random));
  const sentBy = (sender: "campaign_id" | "canvas_id") => clicks.filter((click) => click[sender] !== null);
  const valuesOf = (some: typeof clicks, name: string) => new Set(some.map((click) => click[name])).size;

  // 24 campaigns with 3 sends each; one in four is triggered, and every user of it has a dispatch of their own.
  expect(valuesOf(sentBy("campaign_id"), "send_id")).toBe(72);
  const scheduled = sentBy("campaign_id").filter(({ ip_pool }) => ip_pool === "marketing");
  expect(valuesOf(scheduled, "dispatch_id")).toBe(54);
  expect(valuesOf(sentBy("canvas_id"), "dispatch_id")).toBe(sentBy("canvas_id").length);
  expect(valuesOf(clicks, "link_id")).toBe(valuesOf(clicks, "url"));
  const variations = new Map(clicks.map((click) => [click.message_variation_id, click.message_variation_name]));
  expect(clicks.every((click) => variations.get(click.message_variation_id) === click.message_variation_name)).toBe(
    true,
  );
});

test("the same seed makes the same record, and another seed another", () => {
  expect(makeRecord(clickType, seededRandom(5))).toEqual(makeRecord(clickType, seededRandom(5)));
  expect(makeRecord(clickType, seededRandom(5))).not.toEqual(makeRecord(clickType, seededRandom(6)));
});

test("a test's maker gives the same valid event with the given fields in place", () => {
  expect(anEmailClick({ id: "mine", url: null })).toEqual({ ...anEmailClick(), id: "mine", url: null });
  expect(typeOf(clickType).isValid(anEmailClick())).toBe(true);
});

test("anonymous users have no external_user_id, in the share that was asked for", () => {
  const make = recordMaker(clickType, { anonymousShare: 0.25, nullShare: 0.5 });
  const random = seededRandom(1);
  const anonymous = Array.from({ length: 4_000 }, () => make(random)).filter(
    (record) => record.external_user_id === null,
  );
  expect(anonymous.length / 4_000).toBeCloseTo(0.25, 1);
});

test("schemas are named as Braze names them, with null on either side of a union", () => {
  const schema = recordSchema(clickType);
  expect(`${schema.namespace}.${schema.name}`).toBe("dataexport.S3.inner.users.messages.email.Click");
  const typeOfField = (name: string) => schema.fields.find((field) => field.name === name)?.type;
  expect(typeOfField("esp")).toEqual(["null", "string"]);
  expect(typeOfField("timezone")).toEqual(["string", "null"]);
  expect(schema.fields).toHaveLength(34);
  expect(recordSchema(clickType, { wide: true }).fields).toHaveLength(39);
});

test("a glob selects event types, and one that selects none is an error", () => {
  expect(eventTypesMatching(["users.messages.email.*"])).toHaveLength(10);
  expect(eventTypesMatching(["*"])).toEqual(eventTypes);
  expect(() => eventTypesMatching(["users.*", "nope.*"])).toThrow("no event type matches nope.*");
});

test("numbered UUIDs differ for different numbers, whatever the random part", () => {
  const ids = Array.from({ length: 10_000 }, (_, serial) => numberedUuid(seededRandom(1), serial));
  expect(new Set(ids).size).toBe(10_000);
});
