import { isDenied } from "../core/denied.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import type { Source } from "../ports.ts";

/** One of those that were refused is asked for again after this at the earliest. */
const probeEveryMs = 1_000;
/** How long one that was refused waits; of a great many, one comes this often. */
const waitMs = 15_000;
const comeEveryMs = 20;

/**
 * The same reading for one connector, sparing with what is denied. An object that was refused once is asked for only as
 * the probe for all such, one at a time; when it can be read, the others are asked for again. A single one that is denied
 * keeps nothing else waiting.
 */
export const sparedRead = (read: Source["read"], now = () => performance.now()): Source["read"] => {
  const refused = new Set<string>();
  let isProbing = false;
  let nextProbeMs = -Infinity;
  const refusal = (message: string, cause?: unknown): SourceUnavailable => {
    // At no fixed pace, or it would be the same one's turn each time.
    const afterMs = Math.max(waitMs, refused.size * comeEveryMs) * (0.75 + Math.random() / 2);
    return new SourceUnavailable(message, { cause, isDenied: true, afterMs });
  };
  return async function* (object, fromByte, signal) {
    const isProbe = refused.has(object.uri);
    if (isProbe && (isProbing || now() < nextProbeMs)) throw refusal(`${object.uri} was denied before`);
    if (isProbe) [isProbing, nextProbeMs] = [true, now() + probeEveryMs];
    try {
      for await (const piece of read(object, fromByte, signal)) {
        if (refused.has(object.uri)) refused.clear();
        yield piece;
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof SourceUnavailable) || !isDenied(error)) {
        refused.delete(object.uri);
        throw error;
      }
      refused.add(object.uri);
      throw refusal(error.message, error.cause);
    } finally {
      if (isProbe) isProbing = false;
    }
  };
};
