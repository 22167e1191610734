import type { HTTPClient, HTTPClientRequest } from "@segment/analytics-node";
import type { Answer } from "../core/answer.ts";
import type { HttpClient } from "./http-client.ts";

/** The access token of one workspace, kept between batches. */
export interface SharedToken {
  /**
   * The SDK's way to the token server for one batch: the kept token if it is fresh, otherwise one request that all
   * batches of the moment share (so none of them can abort it). Reports why there is no token, then throws.
   */
  clientWith(onFailure: (answer: Answer) => void): HTTPClient;
  /** Segment refused the token: the next batch asks for another one. */
  forget(): void;
}

/** A token answer is 2 KB; more than this is none. */
const maxTokenCharacters = 65_536;

interface Token {
  text: string;
  freshUntilMs: number;
}

const readToken = (text: string, nowMs: number): Token | undefined => {
  try {
    const token: unknown = JSON.parse(text);
    if (typeof token !== "object" || token === null || !("access_token" in token && "expires_in" in token))
      return undefined;
    if (typeof token.access_token !== "string" || typeof token.expires_in !== "number") return undefined;
    // Half of its life, as the SDK's own poller does.
    return { text, freshUntilMs: nowMs + token.expires_in * 500 };
  } catch {
    return undefined; // not JSON: no token
  }
};

const asAnswer = (answer: Exclude<Answer, { kind: "oauth" | "refused" }>): Answer => {
  if (answer.kind !== "response") return answer;
  const { status, retryAfter } = answer;
  const message = status === 200 ? "the token server sent no token" : `the token server answered ${status}`;
  return { kind: "oauth", status, message, ...(retryAfter === undefined ? {} : { retryAfter }) };
};

/**
 * Shares one token among the SDK instances of a workspace: there is one instance per batch, and each of them would
 * ask for a token of its own otherwise. `now` gives UNIX ms.
 */
export const shareToken = (http: HttpClient, now: () => number = Date.now): SharedToken => {
  let asked: Promise<Token | Answer> | undefined;
  let freshUntilMs = 0;

  const ask = async ({ url, headers, body }: HTTPClientRequest): Promise<Token | Answer> => {
    const answer = await http.request({
      method: "POST",
      url: new URL(url),
      headers,
      body: [body],
      keepCharacters: maxTokenCharacters,
    });
    const token = answer.kind === "response" && answer.status === 200 ? readToken(answer.text ?? "", now()) : undefined;
    freshUntilMs = token?.freshUntilMs ?? 0;
    return token ?? asAnswer(answer);
  };

  const forget = (): void => {
    asked = undefined;
  };

  return {
    forget,
    clientWith: (onFailure) => ({
      makeRequest: async (request) => {
        if (asked === undefined || now() >= freshUntilMs) {
          freshUntilMs = Infinity; // until the answer says otherwise: who comes meanwhile waits for it
          asked = ask(request);
        }
        const answer = await asked;
        if ("kind" in answer) {
          onFailure(answer);
          // Thrown, whatever the status: the SDK would sleep up to 300 s on a 429, and hang on others.
          throw new Error("no access token");
        }
        return { status: 200, statusText: "OK", text: () => Promise.resolve(answer.text) };
      },
    }),
  };
};
