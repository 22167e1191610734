import { describe, expect, it } from "vitest";
import { compileIdentity } from "./identity.ts";

describe("who did it", () => {
  const identityOf = compileIdentity({ anonymousUsers: false }, new Map());
  const record = { id: "e1", user_id: "b1", external_user_id: "x1" };

  it("is the external user as userId and Braze's user as anonymousId", () => {
    expect(identityOf(record)).toMatchObject({ kind: "ok", value: { id: "e1", userId: "x1", anonymousId: "b1" } });
  });

  it.each([[undefined], [null], [""]])("is a damaged record where id or user_id is %s", (nothing) => {
    expect(identityOf({ ...record, id: nothing })).toMatchObject({ kind: "quarantine", reason: "missing-id" });
    expect(identityOf({ ...record, user_id: nothing })).toMatchObject({
      kind: "quarantine",
      reason: "missing-user-id",
    });
  });

  it.each([[undefined], [null], [""]])(
    "is dropped where external_user_id is %s, unless anonymous users are taken",
    (nothing) => {
      const anonymous = { ...record, external_user_id: nothing };
      expect(identityOf(anonymous)).toEqual({ kind: "drop", reason: "no-external-user-id" });
      const takingAll = compileIdentity({ anonymousUsers: true }, new Map());
      expect(takingAll(anonymous)).toMatchObject({ kind: "ok", value: { userId: undefined, anonymousId: "b1" } });
    },
  );

  it("is dropped, not damaged, where there is no user at all: an inbound message from an unknown number", () => {
    expect(identityOf({ id: "e1", user_id: null })).toEqual({ kind: "drop", reason: "no-external-user-id" });
    const takingAll = compileIdentity({ anonymousUsers: true }, new Map());
    expect(takingAll({ id: "e1", user_id: null })).toMatchObject({ reason: "missing-user-id" });
  });

  it("may be written as a number", () => {
    expect(identityOf({ id: 7, user_id: 8n, external_user_id: 9 })).toMatchObject({
      value: { id: "7", userId: "9", anonymousId: "8" },
    });
  });

  it("is transformed only where there is something: an empty external_user_id is not hashed into a user", () => {
    const hashing = compileIdentity({ anonymousUsers: true }, new Map([["external_user_id", () => "hashed"]]));
    expect(hashing(record)).toMatchObject({ value: { userId: "hashed", anonymousId: "b1" } });
    expect(hashing({ ...record, external_user_id: "" })).toMatchObject({ value: { userId: undefined } });
  });
});
