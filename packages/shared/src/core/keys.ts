import type { QueueKind } from "../contracts/jobs.ts";
import type { JobId } from "./ids.ts";

/** Every key that we keep in Redis begins so; BullMQ's too. */
export const keyPrefix = "relay";

/** The BullMQ queue of one workspace and kind. Names must not contain ':'. */
export const queueName = (kind: QueueKind, workspace: string): string => `${kind}-${workspace}`;
/** The hash in which BullMQ keeps a job (BullMQ 6: `prefix:queue:jobId`). */
export const jobKey = (kind: QueueKind, workspace: string, id: JobId): string =>
  `${keyPrefix}:${queueName(kind, workspace)}:${id}`;
/** The sorted set in which BullMQ keeps the ids of done jobs. */
export const completedKey = (kind: QueueKind, workspace: string): string =>
  `${keyPrefix}:${queueName(kind, workspace)}:completed`;

/** One payload (string, zstd); what is beyond its first part lies under this key and `:rest` (spool/entry.lua). */
export const spoolEntryKey = (workspace: string, id: JobId): string => `${keyPrefix}:spool:${workspace}:${id}`;
/** Sorted set of the workspace's payload ids by the time they were put (UNIX ms). */
export const spoolIndexKey = (workspace: string): string => `${keyPrefix}:spool-index:${workspace}`;
/** Hash: `bytes` in the spool, and events waiting by queue kind. */
export const spoolUsageKey = (workspace: string): string => `${keyPrefix}:spool-usage:${workspace}`;
/** Sorted set: what Segment accepted since the last good word on the key (spool/accepted.ts). */
export const acceptedKey = (workspace: string): string => `${keyPrefix}:accepted:${workspace}`;
/** Sorted set: what it accepted before the key was found to be bad. */
export const suspectsKey = (workspace: string): string => `${keyPrefix}:suspects:${workspace}`;
/** Set: ids that stand in an archive file, or soon will, and have not ended by it. */
export const archivingKey = (workspace: string): string => `${keyPrefix}:archiving:${workspace}`;
/** Hash: what every stage has counted for the workspace, field = tally label. */
export const tallyKey = (workspace: string): string => `${keyPrefix}:tally:${workspace}`;

/** Hash of the files that a connector has taken: file id -> end. */
export const ledgerKey = (workspace: string, connector: string): string =>
  `${keyPrefix}:ledger:${workspace}:${connector}`;

/** Hash: the mapping rules that each connector had last, as JSON (transform/src/adapters/retired-rules.ts). */
export const rulesKey = (workspace: string): string => `${keyPrefix}:rules:${workspace}`;

/** Set with an expiry: the files of a re-reading (jobs.ts, Reread) that were read to their end. */
export const rereadKey = (workspace: string, run: string): string => `${keyPrefix}:reread:${workspace}:${run}`;
/** Set with an expiry: those of them that were replaced or deleted before all of them was read. */
export const rereadChangedKey = (workspace: string, run: string): string => `${rereadKey(workspace, run)}:changed`;

/** Sorted set: re-readings whose ids are remembered apart from all others, by when they were begun last (UNIX ms). */
export const rereadRunsKey = (workspace: string): string => `${keyPrefix}:reread-runs:${workspace}`;

/** Hash: the present fault of each connector's source, as JSON. */
export const sourceFaultsKey = (workspace: string): string => `${keyPrefix}:source-faults:${workspace}`;

/** String: the workspace's outage state (deliver/src/core/outage-state.ts), with its version. */
export const outageKey = (workspace: string): string => `${keyPrefix}:outage:${workspace}`;
/** String with an expiry: somebody asks, or has asked, about these credentials of the workspace. */
export const credentialCheckKey = (workspace: string, subject: string): string =>
  `${keyPrefix}:credential-check:${workspace}:${subject}`;
/** Hash with an expiry: the pacing of one rate group. */
export const rateKey = (group: string): string => `${keyPrefix}:rate:${group}`;
/** Hash: the tables of one scope's claims (transform/src/adapters/claim.lua); each table's key is this and its number. */
export const claimsKey = (scope: string): string => `${keyPrefix}:claimed:${scope}`;
