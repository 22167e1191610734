import { createHash } from "node:crypto";
import { Secret } from "./secret.ts";

/**
 * A short hash of a part of the configuration, secrets included: differs when anything in it does. Not reversible in
 * practice, so it may be logged and stored.
 */
export const configFingerprint = (part: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(revealed(part)))
    .digest("hex")
    .slice(0, 16);

const revealed = (value: unknown): unknown => {
  if (value instanceof Secret) return { secret: value.reveal() };
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, revealed(member)]));
  return value;
};
