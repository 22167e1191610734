import type { JobId } from "@currents-relay/shared/core/ids.ts";
import type { StageContext } from "@currents-relay/shared/stage/stage.ts";
import type { ReadyBatch } from "../core/ready-batch.ts";
import type { Verdict } from "../core/verdict.ts";

/** One line for each request to Segment, and its count. Loud where somebody has to act. */
export const attemptLog = ({ log, metrics }: StageContext, workspace: string) => {
  const child = log.child({ stage: "deliver", workspace });
  return (id: JobId, batch: ReadyBatch, verdict: Verdict): void => {
    metrics.segmentRequests.inc({ workspace, verdict: verdict.name });
    const line = { job: id, calls: batch.count, bytes: batch.calls.length, verdict: verdict.name };
    switch (verdict.kind) {
      case "delivered":
        return child.debug(line, "deliver.attempted");
      case "split":
      case "wait":
        return child.warn({ ...line, why: verdict.why }, "deliver.attempted");
      case "outage":
        return child.error(line, "deliver.refused: check the write key; nothing is lost, delivery waits");
    }
  };
};
