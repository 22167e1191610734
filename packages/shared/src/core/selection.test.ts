import { describe, expect, it } from "vitest";
import { compileSelection, faultOfGlob, overlappingTypes } from "./selection.ts";

describe("the selection of event types", () => {
  it("takes a whole channel by a glob whose star crosses dots", () => {
    const selected = compileSelection(["users.messages.*"]);
    expect(selected("users.messages.email.Click")).toBe(true);
    expect(selected("users.behaviors.CustomEvent")).toBe(false);
  });

  it("takes one type by its full name, and only that", () => {
    const selected = compileSelection(["users.messages.email.Click"]);
    expect(selected("users.messages.email.Click")).toBe(true);
    expect(selected("users.messages.email.ClickX")).toBe(false);
  });

  it("takes types out again by a glob after an exclamation mark", () => {
    const selected = compileSelection(["users.messages.*", "!users.messages.email.Open"]);
    expect(selected("users.messages.email.Click")).toBe(true);
    expect(selected("users.messages.email.Open")).toBe(false);
    expect(selected("users.canvas.Entry")).toBe(false);
    const allButOpens = compileSelection(["!users.messages.email.Open"]);
    expect(allButOpens("users.canvas.Entry")).toBe(true);
    expect(allButOpens("users.messages.email.Open")).toBe(false);
    expect(allButOpens("users.RandomBucketNumberUpdate")).toBe(false);
  });

  it.each([
    ["nothing", ""],
    ["an exclamation mark alone", "!"],
    ["a text of 70,000 characters", "x".repeat(70_000)],
  ])("finds that %s is no glob, which would throw", (_, glob) => {
    expect(() => compileSelection([glob])).toThrow(/pattern|Input length/);
    expect(faultOfGlob(glob)).toMatch(/names no event type|cannot be read as a glob/);
  });

  it("finds that two exclamation marks name no type either", () => {
    expect(faultOfGlob("!!")).toMatch(/names no event type/);
  });

  it("finds nothing wrong with globs", () => {
    for (const glob of ["users.*", "!users.messages.email.Open", "*"]) expect(faultOfGlob(glob)).toBeUndefined();
  });

  it("by default takes every type, newer ones too, but not the one that Braze never exports", () => {
    const selected = compileSelection(undefined);
    expect(selected("users.messages.email.Open")).toBe(true);
    expect(selected("users.messages.hologram.Send")).toBe(true);
    expect(selected("users.RandomBucketNumberUpdate")).toBe(false);
  });

  it("finds what two selections share, and nothing where they share nothing", () => {
    expect(overlappingTypes(["users.messages.email.*"], ["users.messages.*.Click"])).toEqual([
      "users.messages.email.Click",
    ]);
    expect(overlappingTypes(["users.messages.*"], ["users.canvas.*"])).toEqual([]);
    expect(overlappingTypes(undefined, ["users.canvas.Entry"])).toEqual(["users.canvas.Entry"]);
    expect(overlappingTypes(["users.new.Type"], ["users.new.Type"])).toEqual(["users.new.Type"]);
  });
});
