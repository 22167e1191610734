import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { onceConnected } from "@currents-relay/shared/stores/once-connected.ts";
import { connectS3, type S3Settings } from "@currents-relay/shared/stores/s3-connection.ts";
import type { Archive, ArchiveFile } from "../archive.ts";
import { archivePath, archiveText } from "../core/archive-format.ts";
import { archiveEnding, readArchive } from "./archive-reading.ts";

export interface BucketArchive extends S3Settings {
  /** What the keys begin with; "" or a text that need not end with "/". */
  prefix: string;
}

/** One workspace's archive in a bucket of S3, or of what speaks like it: the same files under the same names as in a folder. */
export const bucketArchive = ({ prefix, ...place }: BucketArchive, workspace: string): Archive => {
  const { bucket: Bucket } = place;
  const connection = onceConnected(() => connectS3(place));
  const root = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const uriOf = (key: string): string => `s3://${Bucket}/${key}`;

  return {
    write: async (batches) => {
      const { client, commands } = await connection();
      const Key = `${root}${archivePath(workspace, batches)}`;
      const Body = gzipSync([...archiveText(workspace, batches)].join(""));
      // The store compares it with what has arrived: what is damaged on the way is refused. There is all of it or none.
      const ContentMD5 = createHash("md5").update(Body).digest("base64");
      const ContentType = "application/gzip";
      await client.send(new commands.PutObjectCommand({ Bucket, Key, Body, ContentMD5, ContentType }));
      return { uri: uriOf(Key) };
    },

    list: async () => {
      const { client, commands } = await connection();
      const files: ArchiveFile[] = [];
      for (let token: string | undefined; ;) {
        const query = { Bucket, Prefix: `${root}${workspace}/`, ContinuationToken: token };
        const page = await client.send(new commands.ListObjectsV2Command(query));
        for (const { Key = "", Size: bytes = 0 } of page.Contents ?? [])
          if (Key.endsWith(archiveEnding)) files.push({ uri: uriOf(Key), bytes });
        token = page.NextContinuationToken;
        if (!page.IsTruncated || token === undefined) return files;
      }
    },

    read: (uri) => {
      const open = async (): Promise<Readable> => {
        const { client, commands } = await connection();
        const Key = uri.slice(uriOf("").length);
        const { Body } = await client.send(new commands.GetObjectCommand({ Bucket, Key }));
        if (!(Body instanceof Readable)) throw new Error("the store answered without a body");
        return Body;
      };
      return readArchive(open, { uri, workspace });
    },
  };
};
