import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { expect, test } from "vitest";
import type { ConnectorRules } from "../core/rules.ts";
import { retiredRules } from "./retired-rules.ts";

const server = useRedis();
const plain: ConnectorRules = {
  connector: "engagement",
  events: ["users.messages.*"],
  fields: { remove: ["ip_pool"], hash: ["email_address"] },
  eventNames: { "users.messages.email.Open": "Opened" },
  anonymousUsers: true,
};
const keyed: ConnectorRules = { ...plain, connector: "keyed", fields: { ...plain.fields, hashKey: "very secret" } };

test("the process that knew a connector recalls its rules, and so does any other, by what lies in Redis", async () => {
  const redis = server.connect();
  const ours = retiredRules(redis);
  await ours.keep("acme", new Map([["engagement", plain]]));
  expect(await ours.recall("acme", "engagement")).toEqual(plain);
  expect(await retiredRules(redis).recall("acme", "engagement")).toEqual(plain);
  expect(await retiredRules(redis).recall("other", "engagement")).toBeUndefined();
  expect(await retiredRules(redis).recall("acme", "unheard-of")).toBeUndefined();
});

test("the key of hashes stays in the process: another one does not map without it", async () => {
  const redis = server.connect();
  const ours = retiredRules(redis);
  await ours.keep("acme", new Map([["keyed", keyed]]));
  expect(await ours.recall("acme", "keyed")).toEqual(keyed);
  expect(await retiredRules(redis).recall("acme", "keyed")).toBeUndefined();
  expect(JSON.stringify(await redis.hgetall("relay:rules:acme"))).not.toContain("secret");
});
