import { addAbortSignal, type Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { ListPage, ListQuery } from "../core/listing.ts";
import { ObjectChanged } from "../core/object-changed.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { SourceObject } from "../ports.ts";
import type { ObjectStore } from "./object-store.ts";
import { said, type StoreFault } from "./store-fault.ts";

/** One store's own way of doing what an ObjectStore promises, without any patience. */
export interface StoreClient {
  name: string;
  listPage: (query: ListQuery, signal: AbortSignal) => Promise<ListPage<SourceObject>>;
  /** One ranged get of exactly this version. Its errors may come from the stream, too. */
  open: (object: SourceObject, fromByte: number, signal: AbortSignal) => Promise<Readable>;
  faultOf: (error: unknown, during: "list" | "read") => StoreFault;
}

export interface Patience {
  /** How often in a row something may fail, without a page or a byte in between. */
  tries: number;
  firstWaitMs: number;
  longestWaitMs: number;
  /** A connection that gives nothing for so long is broken. */
  idleMs: number;
}

/** About half a minute; whoever asked (a job, the lister) then waits without holding anything, and asks again. */
export const defaultPatience: Patience = { tries: 8, firstWaitMs: 200, longestWaitMs: 10_000, idleMs: 30_000 };
/** A store that asks for more than this is left alone for so long. */
const mostAfterMs = 30_000;

/**
 * Waits where waiting helps: throttling, faults of the server and broken connections are tried again, a read from the
 * byte that it had reached. Says what is wrong where waiting does not help, or took too long.
 */
export const patientStore = (client: StoreClient, patience: Patience = defaultPatience): ObjectStore => ({
  name: client.name,

  listPage: async (query, signal) => {
    for (let failures = 0; ;) {
      try {
        return await inTime(patience.idleMs, signal, (ended) =>
          Promise.race([client.listPage(query, ended), rejectionOf(ended)]),
        );
      } catch (error) {
        failures += 1;
        const waitMs = waitAfter(error, { client, patience, failures, signal });
        await delay(waitMs, undefined, { signal });
      }
    }
  },

  read: async function* (object, fromByte, signal) {
    for (let at = fromByte, failures = 0; at < object.bytes;) {
      try {
        for await (const piece of pieces(client, { object, at, idleMs: patience.idleMs }, signal)) {
          at += piece.length;
          failures = 0;
          yield piece;
        }
        if (at < object.bytes) throw new Error(`the connection ended at byte ${at} of ${object.bytes}`);
      } catch (error) {
        failures += 1;
        const waitMs = waitAfter(error, { client, patience, failures, signal, object });
        await delay(waitMs, undefined, { signal });
      }
    }
  },
});

/** The bytes of one get. The clock runs while we wait for the store, not while the reader is busy. */
async function* pieces(
  client: StoreClient,
  { object, at, idleMs }: { object: SourceObject; at: number; idleMs: number },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const connection = new AbortController();
  const clock = () => setTimeout(() => connection.abort(new Error(`nothing came for ${idleMs} ms`)), idleMs);
  const giveUp = () => connection.abort(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  let waiting = clock();
  try {
    const stream = addAbortSignal(connection.signal, await client.open(object, at, connection.signal));
    for await (const piece of stream) {
      clearTimeout(waiting);
      yield piece as Uint8Array; // a byte stream without an encoding
      waiting = clock();
    }
  } catch (error) {
    // Streams say only "aborted"; the reason says why.
    throw connection.signal.aborted ? connection.signal.reason : error;
  } finally {
    clearTimeout(waiting);
    signal.removeEventListener("abort", giveUp);
  }
}

const inTime = async <T>(ms: number, signal: AbortSignal, run: (ended: AbortSignal) => Promise<T>): Promise<T> => {
  const clock = new AbortController();
  const giveUp = () => clock.abort(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  const timer = setTimeout(() => clock.abort(new Error(`nothing came for ${ms} ms`)), ms);
  try {
    return await run(clock.signal);
  } catch (error) {
    throw clock.signal.aborted ? clock.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
};

/** Some clients cannot be told to stop; their answer is then not waited for. */
const rejectionOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const rejectNow = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
    if (signal.aborted) rejectNow();
    signal.addEventListener("abort", rejectNow, { once: true });
  });

interface Failure {
  client: StoreClient;
  patience: Patience;
  /** In a row, with this one. */
  failures: number;
  signal: AbortSignal;
  /** What was being read; missing: the bucket was being listed. */
  object?: SourceObject;
}

/** How long to wait after an error before the next try (ms); throws where there is to be none. */
const waitAfter = (error: unknown, { client, patience, failures, signal, object }: Failure): number => {
  signal.throwIfAborted();
  if (error instanceof ObjectChanged) throw error;
  const fault = client.faultOf(error, object ? "read" : "list");
  // The client's own error holds the request, with its credentials: only its words go on.
  const cause = new Error(said(error));
  const what = object ? `${object.uri} cannot be read` : `${client.name} cannot be listed`;
  switch (fault.kind) {
    case "changed":
    case "gone":
      throw new ObjectChanged(`${object?.uri ?? client.name} ${fault.kind === "gone" ? "is gone" : "was replaced"}`, {
        cause,
        isGone: fault.kind === "gone",
      });
    case "denied":
    case "refused":
      throw new SourceUnavailable(`${what}: ${said(error)}. ${fault.advice}`, {
        cause,
        isDenied: fault.kind === "denied",
      });
    case "later": {
      const { afterMs = 0 } = fault;
      if (failures >= patience.tries || afterMs > mostAfterMs)
        throw new SourceUnavailable(`${what}: ${said(error)} (tried ${failures} times)`, {
          cause,
          afterMs: fault.afterMs,
        });
      const backoffMs = Math.min(patience.longestWaitMs, patience.firstWaitMs * 2 ** (failures - 1));
      return Math.max(afterMs, backoffMs * (0.5 + Math.random() / 2));
    }
  }
};
