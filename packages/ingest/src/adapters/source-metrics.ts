import type { Metrics } from "@currents-relay/shared/runtime/metrics.ts";
import { isDenied } from "../core/denied.ts";
import type { Source } from "../ports.ts";
import type { RoundReport } from "./lister.ts";

interface Connector {
  workspace: string;
  connector: string;
}

const outcomeOf = (fault: unknown): "ok" | "denied" | "failed" =>
  fault === undefined ? "ok" : isDenied(fault) ? "denied" : "failed";

/** Counts the rounds of a lister: its `onRound`. */
export const countedRounds = (metrics: Metrics, labels: Connector): ((report: RoundReport) => void) => {
  for (const outcome of ["ok", "denied", "failed"]) metrics.sourceListings.inc({ ...labels, outcome }, 0);
  metrics.sourceFound.inc(labels, 0);
  metrics.sourceListRequests.inc(labels, 0);
  return ({ fault, tookMs, found, listRequests }) => {
    metrics.sourceListings.inc({ ...labels, outcome: outcomeOf(fault) });
    metrics.sourceListingSeconds.observe(labels, tookMs / 1_000);
    if (found > 0) metrics.sourceFound.inc(labels, found);
    if (listRequests > 0) metrics.sourceListRequests.inc(labels, listRequests);
    if (!fault) metrics.sourceListed.set(labels, Date.now() / 1_000);
  };
};

/** The same reading, counted: bytes as they come, and how it ended. One that was given up counts as neither. */
export const countedRead = (read: Source["read"], metrics: Metrics, labels: Connector): Source["read"] => {
  for (const outcome of ["ok", "denied", "failed"]) metrics.sourceReads.inc({ ...labels, outcome }, 0);
  return async function* (object, fromByte, signal) {
    try {
      for await (const piece of read(object, fromByte, signal)) {
        metrics.sourceReadBytes.inc(labels, piece.byteLength);
        yield piece;
      }
    } catch (error) {
      if (!signal.aborted) metrics.sourceReads.inc({ ...labels, outcome: outcomeOf(error) });
      throw error;
    }
    metrics.sourceReads.inc({ ...labels, outcome: "ok" });
  };
};
