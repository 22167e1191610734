import { inspect } from "node:util";
import { pino } from "pino";
import { expect, test } from "vitest";
import { configFingerprint } from "./fingerprint.ts";
import { Secret } from "./secret.ts";

const value = "hunter2-hunter2";
const secret = new Secret(value);

test("a secret shows itself only when it is asked to", () => {
  expect(secret.reveal()).toBe(value);
  for (const printed of [
    String(secret),
    "".concat(secret.toString()),
    ["a", secret].join(),
    JSON.stringify({ secret }),
    inspect({ a: { b: [secret] } }, { depth: 9, showHidden: true }),
    Object.entries(secret).join(),
    new Error("failed", { cause: secret }).toString(),
  ])
    expect(printed).not.toContain(value);
  expect(inspect({ secret })).toBe("{ secret: [secret] }");
});

test("a logged secret stays secret", () => {
  let logged = "";
  const log = pino({}, { write: (line: string) => void (logged += line) });
  log.info(
    { secret, deep: { list: [secret] }, err: new Error("failed", { cause: secret }) },
    "said %s %o",
    secret,
    secret,
  );
  expect(logged).toContain("[secret]");
  expect(logged).not.toContain(value);
});

test("a fingerprint tells two secrets apart and shows neither", () => {
  const [one, other] = ["one-secret", "other-secret"].map((text) => configFingerprint({ key: new Secret(text) }));
  expect(one).not.toBe(other);
  expect(one).toBe(configFingerprint({ key: new Secret("one-secret") }));
  expect(one).toMatch(/^[0-9a-f]{16}$/);
});
