import type { IngestJob } from "@currents-relay/shared/contracts/jobs.ts";
import { fileId, ingestJobId } from "@currents-relay/shared/core/ids.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import type { WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import { chunkLimits } from "../core/limits.ts";
import { linesPayload, type RequestEvents, together } from "../core/request-body.ts";
import { groupCommit } from "./group-commit.ts";

export interface AcceptedRequest {
  body: RequestEvents;
  /** As it came. */
  bytes: number;
  /** UNIX ms: the start of the lag clock. */
  nowMs: number;
}

/** Of a group, which makes about one chunk. */
const shareOf = ({ body }: AcceptedRequest): number =>
  Math.max(body.lines.length / chunkLimits.closeAtRecords, body.bytes / chunkLimits.closeAtBytes);

/**
 * Takes the events of a connector's requests for good: resolves when payload and job are in Redis, on disk where Redis
 * writes so. Requests that come while others are being stored become one job, as those of a file do. Its id is made of the
 * events: a request that is sent again and alone changes nothing; together with others, its events are duplicates.
 * Rejects when the signal aborts; what is being stored then may be stored all the same.
 */
export const acceptRequests = (
  { workspace, connector }: { workspace: string; connector: string },
  { spool, queues }: Pick<WorkspaceTools, "spool" | "queues">,
): ((request: AcceptedRequest, signal: AbortSignal) => Promise<void>) => {
  const toIngest = handOverTo<IngestJob>("ingest", spool, queues);
  const place = `http:${workspace}/${connector}`;
  const store = async (requests: readonly AcceptedRequest[]): Promise<void> => {
    const { lines, digest } = together(requests.map(({ body }) => body));
    const file = fileId(connector, place, digest);
    const data: IngestJob = {
      v: 1,
      connector,
      fileId: file,
      object: {
        key: "",
        uri: `${place}/${digest.slice(0, 12)}`,
        version: digest,
        bytes: requests.reduce((total, { bytes }) => total + bytes, 0),
      },
      landedAtMs: Math.min(...requests.map(({ nowMs }) => nowMs)),
      requestEvents: lines.length,
    };
    await toIngest([{ id: ingestJobId(file), data, payload: linesPayload(lines), events: lines.length }]);
  };
  return groupCommit({ store, shareOf });
};
