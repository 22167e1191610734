import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { aConfig, faultsOf, goodConfig } from "./config-text.testing.ts";

const secretValue = "hunter2-hunter2";

test("a loaded configuration shows none of its secrets, however it is printed", () => {
  const folder = mkdtempSync(join(tmpdir(), "relay-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "secret"), `${secretValue}\n`);
  const text = aConfig({
    segment: [`oauth: { clientId: c, privateKey: "\${file:${folder}/secret}", keyId: k }`],
    connector: [`fields: { hash: [email_address], hashKey: ${secretValue} }`],
  });
  const loaded = goodConfig(
    `${text}\nredis: { url: "redis://u:\${SECRET}@redis" }`.replace("the-write-key", secretValue),
    {
      SECRET: secretValue,
    },
  );
  expect(loaded.config.workspaces["acme"]?.segment.oauth?.privateKey.reveal()).toBe(secretValue);
  for (const printed of [inspect(loaded, { depth: 20 }), JSON.stringify(loaded), String(loaded.config.redis?.url)])
    expect(printed).not.toContain(secretValue);
});

test.each([
  `writeKey: "${secretValue} x"`,
  `writeKey: [${secretValue}]`,
  `writeKey: { ${secretValue}: 1 }`,
  `writeKey: "${secretValue}" x`,
  `writeKey: ${secretValue}: x`,
  `writeKey: "\\q ${secretValue}"`,
  `writeKey: !${secretValue} "\${SECRET}"`,
  'writeKey: k\n      region: "${SECRET}"',
  'writeKey: k\n      eventsPerSecond: "${SECRET}"',
  'writeKey: k\n      requestTimeout: "${SECRET}"',
  'writeKey: k\n      endpoint: "${SECRET}"',
  'writeKey: "${SECRET"',
  `writeKey:${secretValue}: "\${NAME}"`,
  'writeKey: "${NAME:-${SECRET}}"',
])("the faults of %j do not show what was found", (line) => {
  const faults = faultsOf(aConfig().replace("writeKey: the-write-key", line), { SECRET: `${secretValue} x` }).join(
    "\n",
  );
  expect(faults).not.toBe("");
  expect(faults.replaceAll(`!${secretValue}`, "")).not.toContain(secretValue);
});

test.each([
  [
    `writeKey:${secretValue}`,
    'segment["writeKey…"]: is no key of the configuration; did you mean "writeKey: ..." with a space',
  ],
  [`writeKey:"${secretValue}"`, 'segment["writeKey…"]: is no key'],
  [`writeKey "${secretValue}"`, 'segment["writeKey…"]: is no key'],
  [`writeKey: k, sasUrl "https://a.example/?sig=${secretValue}"`, 'segment["sasUrl…"]: is no key'],
  [`writeKey: k, secretAccessKey ${secretValue}/+`, 'segment["secretAccessKey…"]: is no key'],
  [
    `writeKey: k, secret "${secretValue}"`,
    'segment["secret…"]: is no key of the configuration; it belongs to notify.webhook.secret',
  ],
  [`writeKey: k, ${secretValue}`, 'segment["…"]: is no key of the configuration; known here: writeKey, oauth'],
  [`writeKey: k, oauth: { privateKey:${secretValue} }`, 'segment.oauth["privateKey…"]: is no key'],
  ["writeKey: k, rateGrup", "segment.rateGrup: is no key of the configuration; did you mean rateGroup?"],
  ["writeKey: k, rate: 5", "segment.rate: is no key of the configuration; known here: writeKey, oauth"],
  ['writeKey: k, "rate of mine": 5', 'segment["rate…"]: is no key'],
])("in braces, a key that is none shows no value whose colon was forgotten: %s", (members, fault) => {
  const text = aConfig().replace("segment:\n      writeKey: the-write-key", `segment: { ${members} }`);
  expect(text).toContain("segment: {");
  const faults = faultsOf(text).join("\n");
  expect(faults).toContain(fault);
  expect(faults).not.toContain("hunter2");
});

test("the faults of a segment that is a bare text, and of a Redis URL, do not show it", () => {
  const text = `version: 1\nredis: { url: "x://u:${secretValue}@h" }\nworkspaces:\n  a:\n    segment: ${secretValue}\n`;
  expect(faultsOf(text).join("\n")).toContain("redis.url: expected a redis:// or rediss:// URL; got text");
  expect(faultsOf(text).join("\n")).not.toContain(secretValue);
});
