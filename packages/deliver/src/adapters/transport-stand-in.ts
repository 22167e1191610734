import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";

/** One request as it arrived, whole. */
export interface Arrived {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What to do with a request; 200 with Segment's own body if nothing is said. */
export type Reaction = (response: ServerResponse, request: IncomingMessage) => void;

export interface StandIn {
  url: string;
  /** The requests so far that arrived whole, in order. */
  arrived: readonly Arrived[];
  /** How many requests began; also those that never arrived whole. */
  begun(): number;
  /** Resolves when the next request has arrived whole. */
  nextArrival(): Promise<Arrived>;
  react(reaction: Reaction): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export const answerWith =
  (status: number, headers: Record<string, string> = {}, body = '{"success":true}'): Reaction =>
  (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(body);
  };

/** A real HTTP server of the test on a free port. Reacts when a request has arrived whole. */
export const startStandIn = async (): Promise<StandIn> => {
  const arrived: Arrived[] = [];
  let begun = 0;
  let reaction: Reaction = answerWith(200);
  const server = createServer((request, response) => {
    begun += 1;
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("error", () => undefined); // some tests abort
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const whole = { method, path, headers, body: Buffer.concat(parts).toString() };
      arrived.push(whole);
      reaction(response, request);
      server.emit("arrived", whole);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    arrived,
    begun: () => begun,
    nextArrival: async () => {
      const [whole] = (await once(server, "arrived")) as [Arrived]; // emitted above
      return whole;
    },
    react: (next) => {
      reaction = next;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
