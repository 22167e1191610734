import type { WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { Archive } from "../archive.ts";
import { bucketArchive } from "./archive-bucket.ts";
import { folderArchive } from "./archive-folder.ts";

export type ArchivePlace = NonNullable<WorkspaceConfig["expiry"]["archive"]>;

/** The archive of a workspace at the place that is configured. */
export const archiveAt = (place: ArchivePlace, workspace: string): Archive =>
  "folder" in place ? folderArchive({ folder: place.folder, workspace }) : bucketArchive(place.s3, workspace);
