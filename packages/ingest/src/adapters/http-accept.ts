import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import { fileId, ingestJobId } from "@currents-relay/shared/core/ids.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import type { WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { linesPayload, type RequestBody } from "../core/request-body.ts";

export interface AcceptedRequest {
  connector: string;
  body: Extract<RequestBody, { kind: "events" }>;
  /** As it came. */
  bytes: number;
  /** UNIX ms: the start of the lag clock. */
  nowMs: number;
}

/**
 * Takes the events of a request for good: resolves when payload and job are in Redis, on disk where Redis writes so. The
 * id is made of the events, so a request that Braze sends again, or that two pods get, changes nothing.
 */
export const acceptRequests = (workspace: string, { spool, queues }: Pick<WorkspaceTools, "spool" | "queues">) => {
  const toIngest = handOverTo<IngestJob>("ingest", spool, queues);
  return async ({ connector, body: { lines, digest }, bytes, nowMs }: AcceptedRequest): Promise<void> => {
    const place = `http:${workspace}/${connector}`;
    const file = fileId(connector, place, digest);
    const data: IngestJob = {
      v: 1,
      connector,
      fileId: file,
      object: { key: "", uri: `${place}/${digest.slice(0, 12)}`, version: digest, bytes },
      landedAtMs: nowMs,
      requestEvents: lines.length,
    };
    await toIngest([{ id: ingestJobId(file), data, payload: linesPayload(lines), events: lines.length }]);
  };
};
