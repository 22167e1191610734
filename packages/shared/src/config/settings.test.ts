import { expect, test } from "vitest";
import { keysBelow, settingAt, settings } from "./settings.ts";

test("every setting says what it is for, and every value what it may be", () => {
  for (const { path, kind, description } of settings) {
    expect(description, path.join(".")).not.toBe("");
    if (keysBelow(path).length === 0 && path.at(-1) !== "workspaces" && path.at(-1) !== "connectors")
      expect(kind, path.join(".")).toMatch(/./);
  }
});

test("a setting is found by its real path, its default written as in the file", () => {
  expect(settingAt(["workspaces", "acme", "dedup", "window"])).toMatchObject({
    kind: "a duration from 1s to 30d",
    isRequired: false,
    default: "48h",
  });
  expect(settingAt(["workspaces", "acme", "segment", "writeKey"])).toMatchObject({ isSecret: true, isRequired: true });
  expect(settingAt(["workspaces", "acme", "nothing"])).toBeUndefined();
});

test("what must not be shown is known to be secret", () => {
  const secrets = settings.filter(({ isSecret }) => isSecret).map(({ path }) => path.join("."));
  for (const path of [
    "redis.url",
    "workspaces.*.segment.writeKey",
    "workspaces.*.segment.oauth.privateKey",
    "workspaces.*.connectors.*.fields.hashKey",
  ])
    expect(secrets).toContain(path);
});

test("the keys below a path are those that may stand there", () => {
  expect(keysBelow(["workspaces", "acme", "dedup"])).toEqual(["window", "scope"]);
  expect(keysBelow([])).toContain("version");
  expect(keysBelow(["workspaces", "acme", "dedup", "window"])).toEqual([]);
});
