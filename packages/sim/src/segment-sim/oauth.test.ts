import { expect, test } from "vitest";
import { clientOf, tokenAnswer } from "./oauth.ts";

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const form = (assertion: string, grant = "client_credentials"): Buffer =>
  Buffer.from(new URLSearchParams({ grant_type: grant, client_assertion: assertion }).toString());
const jwt = (header: object, claims: object, signature = "s"): string =>
  `${base64(header)}.${base64(claims)}.${signature}`;

const tokenAt = (nowMs: number): string => {
  const answer = tokenAnswer(form(jwt({ alg: "RS256" }, { iss: "client-1" })), nowMs);
  if (answer.kind !== "reply") throw new Error("the token server did not reply");
  return (JSON.parse(answer.body) as { access_token: string }).access_token; // what OAuth servers answer
};

test("a token names its client for a day and nobody after it", () => {
  const dayMs = 86_400_000;
  const token = tokenAt(0);
  expect(clientOf(token, dayMs - 1)).toBe("client-1");
  expect(clientOf(token, dayMs)).toBeUndefined();
});

test("a token without the stand-in's mark names nobody, whatever it says", () => {
  const unmarked = tokenAt(0).replace("sim-token.", "els-token.");
  expect(clientOf(unmarked, 0)).toBeUndefined();
  expect(clientOf("sim-token.!", 0)).toBeUndefined();
});

test.each([
  ["no RS256", form(jwt({ alg: "HS256" }, { iss: "client-1" }))],
  ["no issuer", form(jwt({ alg: "RS256" }, {}))],
  ["no signature", form(jwt({ alg: "RS256" }, { iss: "client-1" }, ""))],
  ["another grant", form(jwt({ alg: "RS256" }, { iss: "client-1" }), "password")],
])("a request with %s is refused with 400", (_, body) => {
  expect(tokenAnswer(body, 0)).toMatchObject({ status: 400 });
});
