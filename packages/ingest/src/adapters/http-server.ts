import { gunzip } from "node:zlib";
import type { AddressInfo } from "node:net";
import type { RelayConfig } from "@currents-relay/shared/config/schema.ts";
import { oneShot } from "@currents-relay/shared/core/zlib-one-shot.ts";
import { unlessForced } from "@currents-relay/shared/runtime/lifecycle.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import type { Metrics } from "@currents-relay/shared/runtime/metrics.ts";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { PauseReason } from "../core/admission.ts";
import { readRequestBody } from "../core/request-body.ts";
import type { AcceptedRequest } from "./http-accept.ts";

/** One connector as requests meet it. */
export interface HttpConnector {
  workspace: string;
  connector: string;
  isAuthorized: (authorization: string | undefined) => boolean;
  requestsInHand: number;
  /** Why no request is taken now. */
  pause: () => PauseReason | "redis-away" | undefined;
  accept: (request: AcceptedRequest, signal: AbortSignal) => Promise<void>;
}

export interface HttpServerOptions {
  settings: RelayConfig["http"];
  /** The connector at this address now; undefined: there is none. */
  find: (workspace: string, connector: string) => HttpConnector | undefined;
  metrics: Pick<Metrics, "httpRequests">;
  log: Logger;
  now?: () => number;
}

export interface HttpServer {
  listen: () => Promise<void>;
  port: () => number;
  /** Takes no new request, and ends those in hand; `force` aborted: cuts them off. */
  close: (force: AbortSignal) => Promise<void>;
}

/** What became of a request; a closed list, for a metric. */
export const httpAnswers = [
  "accepted",
  "empty",
  "unreadable",
  "unsupported",
  "unauthorized",
  "busy",
  "paused",
  "too-large",
  "failed",
] as const;
type HttpAnswer = (typeof httpAnswers)[number];

/**
 * Braze sends again what got 5xx, 429 or 415, for days; splits on 413; and drops for good what gets 400 alone: so 400 is only
 * for what holds no event. Source: Braze's Custom HTTP connector, read 2026-11-23.
 */
const statuses: Readonly<Record<HttpAnswer, number>> = {
  accepted: 200,
  empty: 200,
  unreadable: 400,
  unsupported: 415,
  unauthorized: 401,
  busy: 429,
  paused: 503,
  "too-large": 413,
  failed: 503,
};

/** Of a body, by their names in Content-Encoding. */
const encodings: readonly string[] = ["", "identity", "gzip", "x-gzip"];

const retryAfterSeconds = 15;
/** A Redis that does not answer for so long has not taken the request. */
const acceptWithinMs = 10_000;

interface Said {
  answer: HttpAnswer;
  /** A sentence for whoever set the connector up; quotes nothing of the request. */
  why?: string;
  events?: number;
}

type Request = FastifyRequest<{ Params: { workspace: string; connector: string } }>;

export const httpServer = (options: HttpServerOptions): HttpServer => {
  const { settings, find, log, now = Date.now } = options;
  const app = openApp(settings);
  const closing = new AbortController();
  const say = sayer(options, closing.signal);
  keepTheDoor(app, find, say);

  app.post("/v1/currents/:workspace/:connector", async (request: Request, reply) => {
    const found = find(request.params.workspace, request.params.connector);
    // Taken out of the configuration since it was let in.
    if (!found) return say(request, reply, unauthorized);
    const about = { workspace: found.workspace, connector: found.connector };
    const said = await take(found, request, { limitBytes: settings.bodyLimit, nowMs: now() }).catch(
      (error: unknown) => {
        log.error({ err: error, ...about }, "http.failed");
        return { answer: "failed" as const, why: "it could not be stored; send it again later" };
      },
    );
    return say(request, reply, said);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: "POST /v1/currents/<workspace>/<connector>" }),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => {
    // Only the route above has these parameters; elsewhere they are empty.
    const ours = request as Request;
    // Nobody waits for an answer any more.
    if (request.raw.destroyed && !request.raw.complete) return reply.code(statuses.failed).send();
    if (error.statusCode === 413)
      return say(ours, reply, { answer: "too-large", why: `over ${settings.bodyLimit} bytes` });
    if (error.statusCode !== undefined && error.statusCode < 500)
      return say(ours, reply, { answer: "unreadable", why: "the request could not be read" });
    log.error({ err: error }, "http.failed");
    return say(ours, reply, { answer: "failed", why: "it failed here; send it again later" });
  });

  return {
    listen: () => listening(app, settings),
    // Address info is text only for pipes, which we never listen on.
    port: () => (app.server.address() as AddressInfo | null)?.port ?? settings.port,
    close: async (force) => {
      closing.abort();
      await unlessForced(force, app.close());
      if (force.aborted) app.server.closeAllConnections();
    },
  };
};

const openApp = ({ bodyLimit, requestTimeoutMs, connections }: RelayConfig["http"]): FastifyInstance => {
  const app = Fastify({
    bodyLimit,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: 2 * requestTimeoutMs,
    keepAliveTimeout: 72_000,
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
  });
  app.server.maxConnections = connections;
  app.server.headersTimeout = Math.min(10_000, requestTimeoutMs);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  return app;
};

type Say = (request: Request, reply: FastifyReply, said: Said) => FastifyReply;

/** Answers, counts and logs; nothing of a request's content is in any of these. */
const sayer =
  ({ find, metrics, log }: HttpServerOptions, closing: AbortSignal): Say =>
  (request, reply, { answer, why, events = 0 }) => {
    const { workspace = "", connector = "" } = find(request.params.workspace, request.params.connector) ?? {};
    metrics.httpRequests.inc({ workspace, connector, answer });
    const tookMs = Math.round(reply.elapsedTime);
    log.debug({ workspace, connector, answer, events, tookMs }, "http.answered");
    if (statuses[answer] === 503 || statuses[answer] === 429) void reply.header("retry-after", retryAfterSeconds);
    // What was not read of a refused request must not be taken for the next one; and a server that closes would wait for
    // a connection that is kept for one.
    if (closing.aborted || ["unauthorized", "too-large", "paused"].includes(answer))
      void reply.header("connection", "close");
    return reply.code(statuses[answer]).send(why === undefined ? { events } : { error: why });
  };

/** Nobody learns here which workspaces there are. */
const unauthorized: Said = { answer: "unauthorized", why: "no such connector, or a wrong bearer token" };

/** Before anything of the body is read: who may come in, and how many at a time. */
const keepTheDoor = (app: FastifyInstance, find: HttpServerOptions["find"], say: Say): void => {
  const inHand = new Map<string, number>();
  const counted = new WeakMap<FastifyRequest, string>();
  const leave = async (request: FastifyRequest) => {
    const key = counted.get(request);
    if (key === undefined) return;
    counted.delete(request);
    inHand.set(key, Math.max(0, (inHand.get(key) ?? 0) - 1));
  };
  app.addHook<{ Params: Request["params"] }>("onRequest", async (request, reply) => {
    const { workspace, connector } = request.params;
    // Another address than the route's: it has no parameters, and is not there.
    if (workspace === undefined || connector === undefined) return;
    // Whatever it says, there is one way to read the body; and what is no media type would be refused.
    delete request.headers["content-type"];
    const found = find(workspace, connector);
    if (!found?.isAuthorized(request.headers.authorization)) return say(request, reply, unauthorized);
    const pause = found.pause();
    if (pause) return say(request, reply, { answer: "paused", why: `not now (${pause}); send it again later` });
    const key = `${workspace}/${connector}`;
    const busy = inHand.get(key) ?? 0;
    if (busy >= found.requestsInHand)
      return say(request, reply, { answer: "busy", why: "too many requests at a time; send it again later" });
    inHand.set(key, busy + 1);
    counted.set(request, key);
  });
  app.addHook("onResponse", leave);
  app.addHook("onRequestAbort", leave);
};

const listening = async (app: FastifyInstance, { host, port }: RelayConfig["http"]): Promise<void> => {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the port for Braze's requests ${host}:${port} cannot be opened (${why}); see http.port`, {
      cause,
    });
  }
};

const take = async (
  { accept }: HttpConnector,
  { body, headers }: Request,
  { limitBytes, nowMs }: { limitBytes: number; nowMs: number },
): Promise<Said> => {
  // The only parser gives a buffer; without a body there is nothing.
  const packed = (body as Buffer | undefined) ?? Buffer.alloc(0);
  if (!encodings.includes((headers["content-encoding"] ?? "").toLowerCase()))
    return { answer: "unsupported", why: "Content-Encoding must be gzip, or left out" };
  // Somebody on the way may have packed or unpacked it and left the header: the bytes tell.
  const unpacked = isGzip(packed) ? await unpackedOf(packed, limitBytes) : packed;
  if (!Buffer.isBuffer(unpacked)) return unpacked;
  const read = readRequestBody(unpacked);
  switch (read.kind) {
    case "empty":
      return { answer: "empty" };
    case "unreadable":
      return { answer: "unreadable", why: read.why };
    case "divide":
      return { answer: "too-large", why: read.why };
    case "events":
      await inTime((signal) => accept({ body: read, bytes: packed.length, nowMs }, signal));
      return { answer: "accepted", events: read.lines.length };
  }
};

/** Every gzip file begins so (RFC 1952), and no JSON does. */
const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

const unpackedOf = async (packed: Buffer, limitBytes: number): Promise<Buffer | Said> => {
  try {
    return await oneShot(gunzip, packed, { maxOutputLength: limitBytes });
  } catch (error) {
    const isTooLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    return isTooLarge
      ? { answer: "too-large", why: `over ${limitBytes} bytes when unpacked` }
      : { answer: "unreadable", why: "the body is not gzip" };
  }
};

/** Gives it up when it takes too long. What is stored later all the same comes again. */
const inTime = async (store: (signal: AbortSignal) => Promise<void>): Promise<void> => {
  const late = new AbortController();
  const giveUp = () => late.abort(new Error(`Redis did not take it within ${acceptWithinMs} ms`));
  const timer = setTimeout(giveUp, acceptWithinMs);
  try {
    await store(late.signal);
  } finally {
    clearTimeout(timer);
  }
};
