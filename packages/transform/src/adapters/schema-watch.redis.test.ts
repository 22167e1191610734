import { readSchemaCounts } from "@currents-relay/shared/stage/schema-counts.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, test } from "vitest";
import { schemaWatch } from "./schema-watch.ts";

const used = useRedis();

const header = (fields: Record<string, unknown>, eventType = "users.messages.email.Click") => ({
  content: {
    encoding: "avro" as const,
    eventType,
    schema: JSON.stringify({
      type: "record",
      name: "Click",
      fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
    }),
  },
});

const aPod = () => {
  const lines: object[] = [];
  const redis = used.connect();
  const log = { warn: (fields: object, message: string) => lines.push({ ...fields, message }) };
  return { lines, redis, note: schemaWatch({ redis, workspace: "acme", log, now: () => 5_000 }) };
};

test("the first schema of a type is counted and is no change", async () => {
  const { note, redis, lines } = aPod();
  await note(header({ id: "string" }));
  expect(await readSchemaCounts(redis, "acme")).toEqual({ "users.messages.email.Click": { seen: 1, changedAtMs: 0 } });
  expect(lines).toEqual([]);
});

test("a schema that replaces another is counted once over all pods, and its difference logged once", async () => {
  const [one, other] = [aPod(), aPod()];
  await one.note(header({ id: "string", url: "string", old: "int" }));
  await other.note(header({ id: "string", url: "string", old: "int" }));
  for (const pod of [one, other]) await pod.note(header({ id: "string", url: ["null", "string"], fresh: "int" }));
  expect(await readSchemaCounts(one.redis, "acme")).toEqual({
    "users.messages.email.Click": { seen: 2, changedAtMs: 5_000 },
  });
  expect([...one.lines, ...other.lines]).toMatchObject([
    { workspace: "acme", added: ["fresh"], removed: ["old"], nowOptional: ["url"], retyped: [] },
  ]);
});

test("files with the old schema that come after the new one are no change", async () => {
  const { note, redis, lines } = aPod();
  await note(header({ id: "string" }));
  await note(header({ id: "string", fresh: "int" }));
  await note(header({ id: "string" }));
  await aPod().note(header({ id: "string" }));
  expect(lines).toHaveLength(1);
  expect(await readSchemaCounts(redis, "acme")).toMatchObject({ "users.messages.email.Click": { seen: 2 } });
});

test("a schema that cannot be read disturbs nobody", async () => {
  const { note, redis, lines } = aPod();
  await note({ content: { encoding: "avro", eventType: "users.x", schema: "{" } });
  expect(await readSchemaCounts(redis, "acme")).toEqual({});
  expect(lines).toMatchObject([{ message: "schema.not-noted" }]);
});
