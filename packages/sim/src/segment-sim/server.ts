import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json, send } from "./answer.ts";
import { redirectPath } from "./behaviour.ts";
import { openCallLog } from "./call-log.ts";
import type { Control } from "./control.ts";
import { inspect } from "./inspect.ts";
import type { Arrival, SegmentStats } from "./ledger.ts";
import { openSegment, type Segment, targetOf } from "./segment.ts";
import type { Region } from "./settings.ts";

export interface SegmentSimOptions {
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Rules, keys, rate limit and seed at the start. */
  script?: Control;
  /** The region that this endpoint serves; default "us". */
  region?: Region;
  /** Look at message ids only (see readBatchFast): for measurements. */
  fast?: boolean;
  /** Accepted calls are appended to this file as NDJSON. */
  logFile?: string;
  /** The log has ids and write keys only, not the calls. Always so in fast mode. */
  logIds?: boolean;
  /** UNIX ms; default the system's clock. Delays run on the system's. */
  now?: () => number;
}

export interface SegmentSim {
  url: string;
  port: number;
  /** Cuts hanging and unfinished requests, lets answers that are on their way finish, and flushes the log. */
  stop(): Promise<void>;
  stats(): SegmentStats;
  /** Accepted message ids, and how often each was accepted. */
  ids(): ReadonlyMap<string, number>;
  /** The last 100,000 accepted requests, in order. */
  arrivals(): Arrival[];
  /** Changes the behaviour from the next request on. Throws where the script is wrong. */
  control(control: Control): void;
}

const respond = async (
  segment: Segment,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> => {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const target = targetOf(request.method ?? "", path);
  if (target) send(await segment.answer(target, request, signal), request, response);
  else if (path === redirectPath) send(json(200, { success: true }), request, response);
  else {
    const answer = await inspect(segment, request, response);
    if (answer) send(answer, request, response);
  }
};

/** The HTTP side: which answers are still open, and how to end them. */
const openServer = (segment: Segment) => {
  const stopping = new AbortController();
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    open.add(response);
    response.once("close", () => {
      open.delete(response);
      if (stopping.signal.aborted) server.closeIdleConnections();
    });
    respond(segment, request, response, stopping.signal).catch((error: unknown) => {
      if (response.destroyed || stopping.signal.aborted) return; // nobody is left to answer
      console.error("segment-sim:", error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 65_000; // as a load balancer does: the client's pool lets go first
  const stop = async (): Promise<void> => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    const closed = once(server, "close");
    server.close();
    for (const response of open) if (!response.writableEnded) response.destroy();
    await closed;
  };
  return { server, stop };
};

/**
 * Starts an HTTP server that behaves as Segment's tracking API, settings endpoint and OAuth server do, faults
 * included: 200 for an unknown write key, for a key of another region and for too many events, which are then thrown
 * away. Rejects where the script is wrong, the port is taken or the log file cannot be opened.
 */
export const startSegmentSim = async (options: SegmentSimOptions = {}): Promise<SegmentSim> => {
  const {
    port = 0,
    host = "127.0.0.1",
    logFile,
    region = "us",
    fast = false,
    logIds = false,
    now = Date.now,
  } = options;
  const log = logFile === undefined ? undefined : await openCallLog(logFile);
  try {
    const segment = openSegment({ region, fast, log, logIds, now });
    segment.control(options.script ?? {});
    const { server, stop } = openServer(segment);
    server.listen(port, host);
    await once(server, "listening");
    const address = server.address() as AddressInfo; // a listening TCP server has one
    return {
      url: `http://${host === "0.0.0.0" ? "127.0.0.1" : host}:${address.port}`,
      port: address.port,
      stop: async () => {
        await stop();
        await log?.close();
      },
      stats: () => segment.ledger().stats(),
      ids: () => segment.ledger().ids(),
      arrivals: () => segment.ledger().arrivals.last(Infinity),
      control: segment.control,
    };
  } catch (error) {
    await log?.close();
    throw error;
  }
};
