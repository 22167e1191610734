import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/**
 * Checks the golden files against catalog.json field by field, without any of the code that made them: what is
 * expected here is read out of the two files alone.
 */
interface Entry {
  segmentEvent: string | null;
  fields: Record<string, string>;
  properties: Record<string, string | null>;
  context: Record<string, string | null>;
  notExported: string[];
}
interface Outcome {
  kind: string;
  reason?: string;
  value?: { call: Call; id: string; unknownType: boolean };
}
interface Call {
  event: string;
  userId?: string;
  anonymousId: string;
  messageId: string;
  timestamp: string;
  properties: Record<string, unknown>;
  context: Record<string, Record<string, unknown>>;
}

const here = (path: string): URL => new URL(path, import.meta.url);
// Our own files, of the shapes above.
const { events } = JSON.parse(readFileSync(here("./catalog.json"), "utf8")) as { events: Record<string, Entry> };
const golden = (eventType: string) =>
  JSON.parse(readFileSync(here(`./golden/${eventType}.json`), "utf8")) as { full: Outcome; sparse: Outcome };

const callOf = (outcome: Outcome): Call => {
  if (outcome.value === undefined) throw new Error(`no call but ${outcome.kind}`);
  return outcome.value.call;
};

const at = (call: Call, path: string): unknown => {
  const [group = "", name = ""] = path.split(".");
  return call.context[group]?.[name];
};
const leaves = (call: Call): string[] => [
  ...Object.keys(call.properties),
  ...Object.entries(call.context).flatMap(([group, members]) => Object.keys(members).map((name) => `${group}.${name}`)),
];

/** Without what the glossary documents but the storage record does not have. */
const stored = (documented: Record<string, string | null>): [string, string][] =>
  Object.entries(documented).flatMap(([path, field]): [string, string][] => (field === null ? [] : [[path, field]]));

const made = (field: string, type: string): unknown => {
  if (type.startsWith("array")) return [`first of ${field}`, null, `third of ${field}`];
  if (type.startsWith("string")) return `some ${field}`;
  if (type.startsWith("int")) return field.length;
  if (type.startsWith("float")) return field.length + 0.25;
  return type.startsWith("boolean") ? true : 1_760_000_000_123;
};

const exported = Object.entries(events).filter(([type]) => type !== "users.RandomBucketNumberUpdate");
const ownMembers = ["colour", "sizes", "maker"];

describe.each(exported)("the golden file of %s", (eventType, entry) => {
  const { full } = golden(eventType);
  const carriesMembers = "properties" in entry.fields;

  it("has every property and context value that the catalog has, from the field that the catalog names", () => {
    const call = callOf(full);
    for (const [name, field] of stored(entry.properties))
      expect(call.properties[name], name).toEqual(made(field, entry.fields[field] ?? ""));
    for (const [path, field] of stored(entry.context))
      expect(at(call, path), path).toEqual(made(field, entry.fields[field] ?? ""));
  });

  it("has nothing else", () => {
    const expected = stored({ ...entry.properties, ...entry.context }).map(([path]) => path);
    expect(leaves(callOf(full)).toSorted()).toEqual([...expected, ...(carriesMembers ? ownMembers : [])].toSorted());
  });

  it("has no value of a field that Braze does not export", () => {
    const text = JSON.stringify(full);
    for (const field of entry.notExported) expect(text).not.toContain(`some ${field}"`);
  });

  it("has the name, the ids and the time", () => {
    expect(callOf(full)).toMatchObject({
      type: "track",
      event: entry.segmentEvent ?? "some name",
      messageId: "11111111-2222-4333-8444-555555555555",
      userId: "the user",
      anonymousId: "the braze user",
      timestamp: "2025-10-09T08:53:20.000Z",
    });
    expect(full.value?.unknownType).toBe(false);
  });
});

/** An inbound message may come from a number that Braze knows no user for. */
const mayLackUser = ([, entry]: [string, Entry]): boolean => entry.fields["user_id"]?.includes("?") ?? true;

describe("the golden file of a record with as many nulls as its schema allows", () => {
  it.each(exported.filter((type) => !mayLackUser(type)))(
    "%s: has no null, only the fields that cannot be null, and no userId",
    (eventType, entry) => {
      const call = callOf(golden(eventType).sparse);
      const required = stored({ ...entry.properties, ...entry.context })
        .filter(([, field]) => !entry.fields[field]?.includes("?"))
        .map(([path]) => path);
      const members = "properties" in entry.fields ? [...ownMembers, "app_id"] : [];
      expect(leaves(call).toSorted()).toEqual([...required, ...members].toSorted());
      expect(call.userId).toBeUndefined();
    },
  );

  it.each(exported.filter(mayLackUser))("%s: has no call, for want of any user", (eventType) => {
    expect(golden(eventType).sparse).toMatchObject({ kind: "quarantine", reason: "missing-user-id" });
  });
});

describe("the golden files as a whole", () => {
  it("say that RandomBucketNumberUpdate is never exported", () => {
    const { full, sparse } = golden("users.RandomBucketNumberUpdate");
    expect(full).toEqual({ kind: "drop", reason: "not-exported" });
    expect(sparse).toEqual(full);
  });

  it("are all of a type that is still mapped", () => {
    const files = readdirSync(here("./golden/")).map((file) => file.replace(/\.json$/, ""));
    expect(files.filter((type) => type in events)).toHaveLength(81);
    expect(files).toHaveLength(81 + 8 + 3); // the catalog, Braze's older lists, examples of types yet to come
  });
});
