import { type Answer, json } from "./answer.ts";

const tokenPrefix = "sim-token.";
const tokenLifeSeconds = 86_400;

const fromBase64 = (text: string): unknown => {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    return undefined; // whoever sends no JSON gets the refusal for a missing field
  }
};

const stringField = (value: unknown, name: string): string | undefined => {
  if (typeof value !== "object" || value === null) return undefined;
  const field: unknown = Reflect.get(value, name);
  return typeof field === "string" ? field : undefined;
};

/**
 * Answers `POST /token` (form-encoded client credentials with a JWT, as Segment's OAuth server takes them). The JWT's
 * form is checked, not its signature: three parts, RS256, an issuer.
 */
export const tokenAnswer = (body: Buffer, nowMs: number): Answer => {
  const form = new URLSearchParams(body.toString());
  const [header = "", claims = "", signature] = (form.get("client_assertion") ?? "").split(".");
  const clientId = stringField(fromBase64(claims), "iss");
  if (form.get("grant_type") !== "client_credentials")
    return json(400, { error: "unsupported_grant_type", error_description: "grant_type must be client_credentials" });
  if (stringField(fromBase64(header), "alg") !== "RS256" || clientId === undefined || !signature)
    return json(400, { error: "invalid_client", error_description: "client_assertion is no signed JWT" });
  const expiresAtMs = nowMs + tokenLifeSeconds * 1000;
  return json(200, {
    access_token: tokenPrefix + Buffer.from(JSON.stringify({ clientId, expiresAtMs })).toString("base64url"),
    token_type: "Bearer",
    expires_in: tokenLifeSeconds,
    scope: form.get("scope") ?? "tracking_api:write",
  });
};

/** Whom a token was given to; undefined where it is none of ours or has expired. Survives a restart. */
export const clientOf = (token: string, nowMs: number): string | undefined => {
  if (!token.startsWith(tokenPrefix)) return undefined;
  const claims = fromBase64(token.slice(tokenPrefix.length));
  if (typeof claims !== "object" || claims === null) return undefined;
  const expiresAtMs: unknown = Reflect.get(claims, "expiresAtMs");
  return typeof expiresAtMs === "number" && expiresAtMs > nowMs ? stringField(claims, "clientId") : undefined;
};
