import { parseConfig } from "@currents-relay/shared/config/load.ts";
import { expect, test } from "vitest";
import { connectorRules, sharedRules } from "./config.ts";
import { compileRules } from "./core/compiled-rules.ts";

const rulesOf = (ofConnector: string, more = "") => {
  const yaml = `version: 1
workspaces:
  acme: &workspace
    segment: { writeKey: key }
    ${more}
    connectors: { engagement: { source: { type: folder, path: ./a }, ${ofConnector} } }
  globex: *workspace
`;
  const loaded = parseConfig(yaml, "/relay.yaml", { variables: {} });
  if (loaded.kind === "faulty") throw new Error(loaded.faults.join("\n"));
  return Object.entries(loaded.config.workspaces).map(([name, settings]) => connectorRules(name, settings));
};

test("workspaces with the same rules share what is compiled of them", () => {
  const shared = sharedRules();
  const [acme, globex] = rulesOf("fields: { remove: [ip] }").map((rules) => shared(rules).get("engagement"));
  expect(acme).toBeDefined();
  expect(acme).toBe(globex);
  expect(acme && compileRules(acme)).toBe(globex && compileRules(globex));
});

test("other fields, another key of hashes, and messageIds of their own are other rules", () => {
  const shared = sharedRules();
  const first = (ofConnector: string, more?: string) =>
    rulesOf(ofConnector, more).map((rules) => shared(rules).get("engagement"));
  const [plain] = first("fields: { remove: [ip] }");
  const [other] = first("fields: { remove: [email_address] }");
  const [keyed] = first("fields: { hash: [ip], hashKey: one-key-of-hashes }");
  const [otherKey] = first("fields: { hash: [ip], hashKey: other-key-of-hashes }");
  const [acme, globex] = first("fields: { remove: [ip] }", "dedup: { scope: connector }");
  expect(new Set([plain, other, keyed, otherKey, acme, globex]).size).toBe(6);
});
