import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type ListeningServer, listening } from "./listening-server.ts";

/** An answer that the proxy gives in the store's place. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** A store behind a bad connection: counts what it is asked, and answers, cuts or stalls as it is told. */
export interface StoreProxy extends ListeningServer {
  /** What came so far. */
  requests: { list: number; get: number };
  /** Bytes of bodies that went to the client. */
  sentBytes: () => number;
  /** How long the client has taken nothing although there is something (ms); 0 while it takes. */
  blockedMs: () => number;
  /** The next requests get this answer instead of the store's. */
  answerNext: (times: number, answer: Answer) => void;
  /** Each of the next gets of an object is cut off when so many bytes of its body went through. */
  cutNext: (times: number, afterBytes: number) => void;
  /** The next get goes silent after so many bytes. */
  stallNext: (afterBytes: number) => void;
  reset: () => void;
}

const isListing = (url: string): boolean => /[?&](?:list-type=2|comp=list)|\/o(?:\?|$)/.test(url);

interface Break {
  afterBytes: number;
  how: "cut" | "stall";
}

export const startStoreProxy = async (target: string): Promise<StoreProxy> => {
  const requests = { list: 0, get: 0 };
  const traffic: Traffic = { sentBytes: 0, current: undefined, blockedSinceMs: undefined };
  let answers: Answer[] = [];
  let breaks: Break[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method, url = "/" } = incoming;
    const kind = isListing(url) ? "list" : "get";
    if (method === "GET") requests[kind] += 1;
    const answer = answers.shift();
    if (!answer)
      return pass({ target, traffic, broken: kind === "get" ? breaks.shift() : undefined }, incoming, outgoing);
    incoming.resume();
    outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  });
  return {
    ...(await listening(server)),
    requests,
    sentBytes: () => traffic.sentBytes,
    blockedMs: () =>
      traffic.current?.writableNeedDrain ? performance.now() - (traffic.blockedSinceMs ?? Infinity) : 0,
    answerNext: (times, answer) => (answers = Array.from({ length: times }, () => answer)),
    cutNext: (times, afterBytes) =>
      (breaks = Array.from({ length: times }, () => ({ afterBytes, how: "cut" as const }))),
    stallNext: (afterBytes) => (breaks = [{ afterBytes, how: "stall" }]),
    reset: () => {
      [answers, breaks, traffic.sentBytes] = [[], [], 0];
      Object.assign(requests, { list: 0, get: 0 });
    },
  };
};

interface Traffic {
  sentBytes: number;
  /** The answer that was begun last. */
  current: ServerResponse | undefined;
  blockedSinceMs: number | undefined;
}

const pass = (
  { target, traffic, broken }: { target: string; traffic: Traffic; broken: Break | undefined },
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void => {
  const { method, headers, url = "/" } = incoming;
  const upstream = request(new URL(url, target), { method, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    traffic.current = outgoing;
    let sent = 0;
    answer.on("data", (piece: Buffer) => {
      const part = piece.subarray(0, broken ? Math.max(0, broken.afterBytes - sent) : piece.length);
      sent += part.length;
      traffic.sentBytes += part.length;
      if (!outgoing.write(part)) {
        traffic.blockedSinceMs = performance.now();
        answer.pause();
        outgoing.once("drain", () => answer.resume());
      }
      if (part.length === piece.length) return;
      answer.pause();
      // What was written so far is to arrive before the end does.
      if (broken?.how === "cut") outgoing.write("", () => outgoing.destroy());
    });
    answer.on("end", () => outgoing.end());
    answer.on("error", () => outgoing.destroy());
  });
  upstream.on("error", () => outgoing.destroy());
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
};
