import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../config/secret.ts";

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Whether a text is one of the tokens. Takes the same time for every wrong one, whatever part of it is right: digests are
 * compared, all of them.
 */
export const tokenCheck = (tokens: readonly Secret[]): ((given: string) => boolean) => {
  const digests = tokens.map((token) => digestOf(token.reveal()));
  return (given) => {
    const digest = digestOf(given);
    let isKnown = false;
    for (const one of digests) isKnown = timingSafeEqual(one, digest) || isKnown;
    return isKnown;
  };
};

/** The same of an `Authorization` header. */
export const bearerCheck = (tokens: readonly Secret[]): ((authorization: string | undefined) => boolean) => {
  const isToken = tokenCheck(tokens);
  return (authorization) => isToken(bearerOf(authorization));
};

/** The token of an `Authorization: Bearer` header; "" where there is none. */
export const bearerOf = (authorization = ""): string => /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? "";
