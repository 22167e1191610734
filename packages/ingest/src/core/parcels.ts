import { encodeChunk } from "@currents-relay/shared/contracts/chunk.ts";
import type { IngestJob, QuarantineJob, TransformJob } from "@currents-relay/shared/contracts/jobs.ts";
import { type FileId, type JobId, quarantineJobId, transformJobId } from "@currents-relay/shared/core/ids.ts";
import type { Parcel } from "@currents-relay/shared/contracts/parcel.ts";
import type { FaultPart } from "./avro-container.ts";
import type { ChunkPart } from "./chunk.ts";

/** A chunk as work for transform. */
export const chunkParcel = ({ index, chunk }: ChunkPart, { fileId, ...job }: IngestJob): Parcel<TransformJob> => ({
  id: transformJobId(fileId as FileId, index, chunk.header.records), // brand: the lister made it with core/ids.ts
  events: chunk.header.records,
  payload: encodeChunk(chunk),
  data: {
    v: 1,
    connector: job.connector,
    records: chunk.header.records,
    landedAtMs: job.landedAtMs,
    uri: job.object.uri,
    ...(job.reread && { reread: job.reread }),
  },
});

/** A place of the file that cannot be read, for an engineer to look at; how many events were there, nobody knows. */
export const faultParcel = (fault: FaultPart, from: JobId, job: IngestJob): Parcel<QuarantineJob> => ({
  id: quarantineJobId(from, `${fault.reason}-${fault.offset}`),
  events: 0,
  payload: Buffer.alloc(0),
  data: {
    v: 1,
    connector: job.connector,
    reason: fault.reason,
    detail: fault.message,
    events: 0,
    origin: { uri: job.object.uri, blockOffset: fault.offset, recordIndex: 0 },
    landedAtMs: job.landedAtMs,
    from,
    ...(job.reread && { ofReread: job.reread }),
  },
});
