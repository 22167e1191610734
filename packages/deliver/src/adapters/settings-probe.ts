import type { Secret } from "@currents-relay/shared/config/secret.ts";
import { createHttpClient, type HttpAnswer } from "./http-client.ts";

export interface KeyToVerify {
  /** Base address of the settings endpoint: `https://cdn.segment.com`. */
  settingsEndpoint: string;
  writeKey: Secret;
  timeoutMs: number;
  signal: AbortSignal;
}

/** `undecided` says why, without naming the key: the endpoint could not be asked, or answered neither way. */
export type KeyVerdict = "known" | "unknown" | { undecided: string };

/** The settings of a big source have some 100 KB; a text beyond this is cut, and so no JSON. */
const maxSettingsCharacters = 8_000_000;

const isJsonObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

const keyVerdict = (answer: HttpAnswer): KeyVerdict => {
  switch (answer.kind) {
    case "network":
      return { undecided: `the settings endpoint could not be reached (${answer.code})` };
    case "timeout":
      return { undecided: `the settings endpoint did not answer within ${answer.afterMs} ms` };
    case "response":
      if (answer.status === 404) return "unknown";
      if (answer.status !== 200) return { undecided: `the settings endpoint answered ${answer.status}` };
      return isJsonObject(answer.text ?? "")
        ? "known"
        : { undecided: "the settings endpoint answered 200 without settings; is it the right address?" };
    default:
      return answer satisfies never;
  }
};

/**
 * Asks Segment whether it knows a write key: `GET /v1/projects/<key>/settings`, the only place that says so
 * (`/v1/batch` answers 200 to any key). One request; never throws for what the network does.
 */
export const verifyWriteKey = async (key: KeyToVerify): Promise<KeyVerdict> => {
  const path = `/v1/projects/${encodeURIComponent(key.writeKey.reveal())}/settings`;
  const answer = await createHttpClient({ timeoutMs: key.timeoutMs }).request({
    method: "GET",
    url: new URL(key.settingsEndpoint.replace(/\/+$/, "") + path),
    headers: { Accept: "application/json", "User-Agent": "currents-relay" },
    body: [],
    keepCharacters: maxSettingsCharacters,
    signal: key.signal,
  });
  return keyVerdict(answer);
};
