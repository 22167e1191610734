import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Answer } from "../core/answer.ts";

export interface HttpRequest {
  method: "GET" | "POST";
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** Written one after the other, without joining them first. */
  body: readonly (string | Buffer)[];
  /** How much of the answer's text is kept; the rest is read and forgotten. */
  keepCharacters: number;
  signal?: AbortSignal;
}

/** All but the body: nothing here that waits for the answer may hold it, as it may lie in memory long after its end (ADR 0024). */
interface RequestHead extends Omit<HttpRequest, "body" | "headers"> {
  headers: Readonly<Record<string, string | number>>;
}

interface Begun {
  outgoing: ClientRequest;
  answer: Promise<HttpAnswer>;
}

/** What HTTP itself can answer. */
export type HttpAnswer = Extract<Answer, { kind: "response" | "network" | "timeout" }>;

export interface HttpClient {
  /**
   * One request, whatever happens: no retry, no redirect followed. Resolves when the answer was read to its end, and
   * nothing reads the body any more: others may write where it lies.
   */
  request: (request: HttpRequest) => Promise<HttpAnswer>;
  /** What is under way ends as `network`. */
  close: () => void;
}

/** What is kept of the answer to a batch (see Answer). */
export const diagnosisCharacters = 500;

/** Shorter than the idle time of any usual load balancer: a connection must not be closed while we pick it. */
const idleMs = 4_000;

const networkAnswer = (error: Error): HttpAnswer => ({
  kind: "network",
  code: "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN",
  message: error.message,
});
/** What a request answers whose signal was aborted. */
export const abortedAnswer: HttpAnswer = {
  kind: "network",
  code: "ABORTED",
  message: "given up before an answer came",
};

/** Calls `done` with the whole answer, or with what broke it off. */
const readAnswer = (response: IncomingMessage, keepCharacters: number, done: (answer: HttpAnswer) => void): void => {
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (part: string) => {
    if (text.length < keepCharacters) text = (text + part).slice(0, keepCharacters);
  });
  response.on("error", (error) => done(networkAnswer(error)));
  response.on("end", () => {
    const retryAfter = response.headers["retry-after"];
    done({
      kind: "response",
      status: response.statusCode ?? 0, // set on every response that a client gets
      text,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  });
};

const agentOptions = { keepAlive: true, timeout: idleMs };
/** Their connections are shared by all clients: hundreds of workspaces talk to the same few hosts, most of the time over TLS. */
const http = { send: httpRequest, agent: new HttpAgent(agentOptions) };
const https = { send: httpsRequest, agent: new HttpsAgent(agentOptions) };

/**
 * One who makes requests. node:http rather than undici: per 480 KB body measured 0.3-0.8 ms of CPU against 0.5-1.5 ms
 * (undici's pool) and 2-2.7 ms (fetch), because it writes the parts of a body as they are.
 */
export const createHttpClient = ({ timeoutMs }: { timeoutMs: number }): HttpClient => {
  const underWay = new Set<ClientRequest>();

  const begin = ({ url, method, headers, keepCharacters, signal }: RequestHead): Begun => {
    const { send, agent } = url.protocol === "https:" ? https : http;
    const { promise: answer, resolve } = Promise.withResolvers<HttpAnswer>();
    const outgoing = send(url, { method, agent, headers }, (response) => readAnswer(response, keepCharacters, settle));

    const settle = (first: HttpAnswer): void => {
      clearTimeout(timer);
      underWay.delete(outgoing);
      signal?.removeEventListener("abort", onAbort);
      // An answer to half a request: the rest is not worth sending, would disturb the next one on the connection, and be
      // read from the body later on.
      if (first.kind !== "response" || !outgoing.writableFinished) outgoing.destroy();
      resolve(first); // later ones do not count
    };
    const timer = setTimeout(() => settle({ kind: "timeout", afterMs: timeoutMs }), timeoutMs);
    const onAbort = (): void => settle(abortedAnswer);
    signal?.addEventListener("abort", onAbort, { once: true });
    underWay.add(outgoing);
    outgoing.on("error", (error) => settle(networkAnswer(error)));
    return { outgoing, answer };
  };

  const request = async ({ body, ...head }: HttpRequest): Promise<HttpAnswer> => {
    if (head.signal?.aborted) return abortedAnswer;
    const length = body.reduce((bytes, part) => bytes + Buffer.byteLength(part), 0);
    const { outgoing, answer } = begin({ ...head, headers: { ...head.headers, "Content-Length": length } });
    for (const part of body) outgoing.write(part);
    outgoing.end();
    return answer;
  };

  return {
    request,
    close: () => {
      for (const outgoing of underWay) outgoing.destroy();
    },
  };
};
