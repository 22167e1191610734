import type {
  GetObjectCommand,
  GetObjectCommandOutput,
  ListObjectsV2Command,
  ListObjectsV2CommandOutput,
  S3Client,
  S3ClientConfig,
} from "@aws-sdk/client-s3";
import type { Secret } from "@currents-relay/shared/config/secret.ts";
import { Readable } from "node:stream";
import { ObjectChanged } from "../core/object-changed.ts";
import type { SourceObject } from "../ports.ts";
import type { ObjectStore } from "./object-store.ts";
import { onceConnected } from "./once-connected.ts";
import { type Patience, patientStore, type StoreClient } from "./patient-store.ts";
import { s3FaultOf } from "./s3-source-fault.ts";

export interface S3Settings {
  bucket: string;
  /** Default: AWS_REGION, or the profile's. */
  region?: string | undefined;
  /** For stores that speak S3: MinIO, Ceph, R2. Default: AWS's. */
  endpoint?: string | undefined;
  forcePathStyle?: boolean | undefined;
  /** Default: the chain of the AWS SDK (environment, profile, web identity, container, instance). */
  credentials?: { accessKeyId: string; secretAccessKey: Secret; sessionToken?: Secret | undefined } | undefined;
  /** A role to take on with those credentials. */
  assumeRole?:
    | {
        roleArn: string;
        externalId?: string | undefined;
        sessionName?: string | undefined;
        endpoint?: string | undefined;
      }
    | undefined;
}

/** A bucket of S3, or of what speaks like it. The AWS SDK is loaded at the first request. */
export const s3Store = (settings: S3Settings, patience?: Patience): ObjectStore =>
  patientStore(s3Client(settings), patience);

const s3Client = (settings: S3Settings): StoreClient => {
  const { bucket } = settings;
  const connection = onceConnected(() => connect(settings));
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

interface Connection {
  client: S3Client;
  commands: { ListObjectsV2Command: typeof ListObjectsV2Command; GetObjectCommand: typeof GetObjectCommand };
}

const connect = async (settings: S3Settings): Promise<Connection> => {
  const commands = await import("@aws-sdk/client-s3");
  const { region, endpoint, forcePathStyle } = settings;
  const credentials = await credentialsOf(settings);
  const config: S3ClientConfig = {
    maxAttempts: 1, // patient-store.ts is the one that waits
    responseChecksumValidation: "WHEN_REQUIRED",
    followRegionRedirects: true,
    requestHandler: { connectionTimeout: 5_000 },
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    ...(credentials && { credentials }),
  };
  return { client: new commands.S3Client(config), commands };
};

/** Undefined leaves it to the SDK's own chain. */
const credentialsOf = async (settings: S3Settings): Promise<S3ClientConfig["credentials"]> => {
  const { credentials: keys, assumeRole, region } = settings;
  const own = keys && {
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey.reveal(),
    ...(keys.sessionToken && { sessionToken: keys.sessionToken.reveal() }),
  };
  if (!assumeRole) return own;
  const { fromTemporaryCredentials } = await import("@aws-sdk/credential-providers");
  const { roleArn, externalId, sessionName = "currents-relay", endpoint } = assumeRole;
  return fromTemporaryCredentials({
    ...(own && { masterCredentials: own }),
    params: {
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      ...(externalId !== undefined && { ExternalId: externalId }),
    },
    clientConfig: { ...(region !== undefined && { region }), ...(endpoint !== undefined && { endpoint }) },
  });
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
