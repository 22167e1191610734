import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { compileFieldRules, fieldRuleFaults } from "./field-rules.ts";

describe("a field rule", () => {
  it("removes as Braze does", () => {
    const transforms = compileFieldRules({ remove: ["ip_pool"], hash: [] });
    expect(transforms.get("ip_pool")?.("10.0.0.1")).toBe("[REDACTED]");
    expect(transforms.has("esp")).toBe(false);
  });

  it("hashes with SHA-256, and with a key by HMAC", () => {
    const address = "someone@example.com";
    const hash = (hashKey?: string) =>
      compileFieldRules({ remove: [], hash: ["email_address"], ...(hashKey && { hashKey }) }).get("email_address")?.(
        address,
      );
    expect(hash()).toBe(createHash("sha256").update(address).digest("hex"));
    expect(hash("secret")).toBe(createHmac("sha256", "secret").update(address).digest("hex"));
  });

  it("removes a field that is to be removed and hashed", () => {
    expect(compileFieldRules({ remove: ["esp"], hash: ["esp"] }).get("esp")?.("x")).toBe("[REDACTED]");
  });

  it("is refused where it would break every event or merge all users into one", () => {
    expect(fieldRuleFaults({ remove: ["id", "external_user_id", "esp"], hash: ["time", "user_id"] })).toEqual([
      '"id" cannot be removed',
      '"external_user_id" cannot be removed',
      '"time" cannot be hashed',
    ]);
    expect(() => compileFieldRules({ remove: ["user_id"], hash: [] })).toThrow('"user_id" cannot be removed');
  });
});
