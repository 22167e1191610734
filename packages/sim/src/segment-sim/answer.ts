import type { IncomingMessage, ServerResponse } from "node:http";

/** What a client gets. */
export type Answer =
  | { kind: "reply"; status: number; headers: Record<string, string>; body: string }
  | { kind: "reset" }
  | { kind: "hang" };

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  kind: "reply",
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(value),
});

/** What an answer is counted as. */
export const statusOf = (answer: Answer): number | "reset" | "hang" =>
  answer.kind === "reply" ? answer.status : answer.kind;

/** "reset" sends a TCP RST; "hang" leaves the connection open until the client or `stop` ends it. */
export const send = (answer: Answer, request: IncomingMessage, response: ServerResponse): void => {
  switch (answer.kind) {
    case "reply":
      response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    case "reset":
      request.socket.resetAndDestroy();
      return;
    case "hang":
  }
};
