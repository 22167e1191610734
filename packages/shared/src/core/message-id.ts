import { createHash } from "node:crypto";
import { segmentLimits } from "../contracts/call.ts";

const sha256Hex = (text: string): string => createHash("sha256").update(text).digest("hex");

const saltCharacters = 12;

/**
 * Makes the messageId of an event from its id: the id itself, or `<id>.<12 hex digits of SHA-256 of the salt>` where
 * there is a salt. An id that would make it longer than Segment's limit is replaced by its SHA-256 in hex.
 * The same id and salt always give the same messageId, so a repeat is recognised by Segment.
 */
export const messageIdMaker = (salt: string | undefined): ((id: string) => string) => {
  const suffix = salt === undefined ? "" : `.${sha256Hex(salt).slice(0, saltCharacters)}`;
  const longestId = segmentLimits.maxMessageIdCharacters - suffix.length;
  return (id) => (id.length > longestId ? sha256Hex(id) : id) + suffix;
};
