import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "@currents-relay/shared/config/secret.ts";

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Whether an `Authorization` header has one of the tokens. Takes the same time for every wrong one, whatever part of it is
 * right: digests are compared, all of them.
 */
export const tokenCheck = (tokens: readonly Secret[]): ((authorization: string | undefined) => boolean) => {
  const digests = tokens.map((token) => digestOf(token.reveal()));
  return (authorization = "") => {
    const given = digestOf(/^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "");
    let isKnown = false;
    for (const digest of digests) isKnown = timingSafeEqual(digest, given) || isKnown;
    return isKnown;
  };
};
