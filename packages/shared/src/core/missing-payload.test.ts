import { expect, it } from "vitest";
import { missingPayload } from "./missing-payload.ts";

it("a payload that is not there is waited for while its giver may still bring it, and then given up loudly", () => {
  expect(missingPayload("t-1", 60_000).kind).toBe("retry");
  expect(missingPayload("t-1", 2 * 3_600_000)).toMatchObject({ kind: "quarantine", reason: "spool-missing" });
});
