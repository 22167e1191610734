import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { Spool } from "@currents-relay/shared/spool/spool.ts";
import type { ArchiveBatch } from "../dead-letters.ts";
import { folderArchive } from "./archive-folder.ts";

interface ArchivingOptions {
  workspace: string;
  archive: WorkspaceConfig["expiry"]["archive"];
  spool: Pick<Spool, "read">;
}

/** Writes held batches whose time is over into the configured archive. */
export const expiredToArchive = ({ workspace, archive, spool }: ArchivingOptions): ArchiveBatch => {
  const store = archive && folderArchive({ folder: archive.folder, workspace });
  return async (id, { calls: count, connector, heldAtMs, landedAtMs, origin }) => {
    if (!store) throw new Error("expiry.then is archive without an archive: the configuration check must refuse that");
    const payload = await spool.read(id, "deadletter");
    // Thrown, so that the batch is tried again and stays held meanwhile.
    if (!payload) throw new Error(`the payload of ${id} is not in the spool`);
    await store.write([
      { id, calls: payload.toString("utf8"), count, connector, heldSinceMs: heldAtMs, landedAtMs, origin },
    ]);
  };
};
