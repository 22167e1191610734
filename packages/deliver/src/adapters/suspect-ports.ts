import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import { handOverTo } from "@currents-relay/shared/queues/hand-over.ts";
import { acceptedBatches } from "@currents-relay/shared/spool/accepted.ts";
import type { WorkspaceTools } from "@currents-relay/shared/stage/workspace-tools.ts";
import type { Redis } from "ioredis";
import type { ResendPorts } from "../resend-suspects.ts";
import { noteReturned } from "./desk-keys.ts";

/** From the suspects of one workspace to its dead letters. */
export const suspectPorts = (
  redis: Redis,
  workspace: string,
  { tools, now = Date.now }: { tools: Pick<WorkspaceTools, "spool" | "queues">; now?: () => number },
): ResendPorts => ({
  ...acceptedBatches(redis, workspace),
  toDeadLetters: handOverTo<DeadLetterJob>("deadletter", tools.spool, tools.queues),
  noteReturned: noteReturned(redis, workspace),
  now,
});
