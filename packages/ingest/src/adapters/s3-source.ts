import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { Readable } from "node:stream";
import { ObjectChanged } from "../core/object-changed.ts";
import type { SourceObject } from "../ports.ts";
import type { ObjectStore } from "./object-store.ts";
import { onceConnected } from "@currents-relay/shared/stores/once-connected.ts";
import { connectS3, type S3Settings } from "@currents-relay/shared/stores/s3-connection.ts";
import { type Patience, patientStore, type StoreClient } from "./patient-store.ts";
import { s3FaultOf } from "./s3-source-fault.ts";

/** A bucket of S3, or of what speaks like it. The AWS SDK is loaded at the first request. */
export const s3Store = (settings: S3Settings, patience?: Patience): ObjectStore =>
  patientStore(s3Client(settings), patience);

const s3Client = (settings: S3Settings): StoreClient => {
  const { bucket } = settings;
  const connection = onceConnected(() => connectS3(settings));
  return {
    name: `s3://${bucket}`,
    faultOf: (error, during) => s3FaultOf(error, { bucket, during }),
    listPage: async ({ prefix, delimiter, startAfter, limit, token }, signal) => {
      const { client, commands } = await connection();
      const query = new commands.ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: delimiter,
        StartAfter: startAfter,
        MaxKeys: limit,
        ContinuationToken: token,
      });
      return pageOf(bucket, await client.send(query, { abortSignal: signal }));
    },
    open: async (object, fromByte, signal) => {
      const { client, commands } = await connection();
      const get = new commands.GetObjectCommand({
        Bucket: bucket,
        Key: object.key,
        IfMatch: object.version,
        Range: `bytes=${fromByte}-`,
      });
      return bodyOf(object, fromByte, await client.send(get, { abortSignal: signal }));
    },
  };
};

const pageOf = (bucket: string, page: ListObjectsV2CommandOutput) => ({
  objects: (page.Contents ?? []).map(({ Key = "", ETag = "", Size = 0, LastModified }): SourceObject => ({
    key: Key,
    uri: `s3://${bucket}/${Key}`,
    version: ETag,
    bytes: Size,
    landedAtMs: LastModified?.getTime() ?? 0,
  })),
  prefixes: (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []),
  ...(page.IsTruncated && page.NextContinuationToken !== undefined && { next: page.NextContinuationToken }),
});

const bodyOf = (
  object: SourceObject,
  fromByte: number,
  { Body, ETag, ContentRange }: GetObjectCommandOutput,
): Readable => {
  if (!(Body instanceof Readable)) throw new Error("S3 answered without a body");
  // Not every store that speaks S3 heeds If-Match or Range.
  const isRange = fromByte === 0 || ContentRange?.startsWith(`bytes ${fromByte}-`);
  if (ETag !== object.version || !isRange) Body.destroy();
  if (ETag !== object.version) throw new ObjectChanged(`${object.uri} was replaced`);
  if (!isRange) throw new Error("the store does not answer ranged gets");
  return Body;
};
