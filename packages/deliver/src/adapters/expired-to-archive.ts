import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import type { Spool } from "@currents-relay/shared/spool/spool.ts";
import type { ArchiveBatch } from "../dead-letters.ts";
import type { ArchivePorts } from "../archive-entries.ts";
import { archiveAt } from "./archive-place.ts";

interface ArchivingOptions {
  workspace: string;
  archive: WorkspaceConfig["expiry"]["archive"];
  spool: Pick<Spool, "read">;
  log: Pick<Logger, "error">;
}

/** The oldest batch is tried once a second; the same fault need not be said as often. */
const sayAgainMs = 60_000;

/** Writes held batches whose time is over into the configured archive. */
export const expiredToArchive = (
  { workspace, archive, spool, log }: ArchivingOptions,
  noteArchiving: ArchivePorts["noteArchiving"],
): ArchiveBatch => {
  const store = archive && archiveAt(archive, workspace);
  let saidMs = -Infinity;
  return async (id, { calls: count, connector, heldAtMs, landedAtMs, origin }) => {
    if (!store) throw new Error("expiry.then is archive without an archive: the configuration check must refuse that");
    const payload = await spool.read(id, "deadletter");
    // Thrown, so that the batch is tried again and stays held meanwhile.
    if (!payload) throw new Error(`the payload of ${id} is not in the spool`);
    const calls = payload.toString("utf8");
    // A kill after the writing, and a store whose answer was lost: the batch may be sent yet, and must not come back then.
    await noteArchiving([id]);
    try {
      await store.write([{ id, calls, count, connector, heldSinceMs: heldAtMs, landedAtMs, origin }]);
      return true;
    } catch (error) {
      if (performance.now() - saidMs < sayAgainMs) return false;
      saidMs = performance.now();
      log.error({ err: error }, "archive.failed: what is to be archived stays held, and is tried again");
      return false;
    }
  };
};
