import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { messageIdMaker } from "./message-id.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("the messageId", () => {
  it("is the event's id, up to Segment's 100 characters", () => {
    const messageIdOf = messageIdMaker(undefined);
    expect(messageIdOf("a".repeat(100))).toBe("a".repeat(100));
    expect(messageIdOf("a".repeat(101))).toBe(sha256("a".repeat(101)));
  });

  it("is the connector's own where there is a salt, and the same each time", () => {
    const id = "11111111-2222-4333-8444-555555555555";
    expect(messageIdMaker("acme/engagement")(id)).toBe(`${id}.${sha256("acme/engagement").slice(0, 12)}`);
    expect(messageIdMaker("acme/engagement")(id)).not.toBe(messageIdMaker("acme/behaviors")(id));
  });

  it("is never longer than 100 characters, salted or not, and still tells long ids apart", () => {
    const salted = messageIdMaker("acme/engagement");
    for (const length of [86, 87, 88, 100, 5_000]) expect(salted("x".repeat(length)).length).toBeLessThanOrEqual(100);
    expect(salted("x".repeat(87))).toMatch(/^x{87}\./);
    expect(salted(`${"x".repeat(200)}1`)).not.toBe(salted(`${"x".repeat(200)}2`));
  });
});
