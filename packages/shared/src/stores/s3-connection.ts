import type * as Commands from "@aws-sdk/client-s3";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { Secret } from "../config/secret.ts";

/** A bucket, and how it is reached. */
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

export interface S3Connection {
  client: S3Client;
  /** What the client sends; loaded with it. */
  commands: typeof Commands;
}

/** From a request's beginning to the head of its answer: a store that says nothing must not hold whoever waits for it. */
const answerWithinMs = 60_000;

/** The AWS SDK is loaded by this, and not before. */
export const connectS3 = async (settings: S3Settings, withinMs = answerWithinMs): Promise<S3Connection> => {
  const commands = await import("@aws-sdk/client-s3");
  const { region, endpoint, forcePathStyle } = settings;
  const credentials = await credentialsOf(settings);
  const config: S3ClientConfig = {
    maxAttempts: 1, // ours to wait
    responseChecksumValidation: "WHEN_REQUIRED",
    followRegionRedirects: true,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: withinMs, throwOnRequestTimeout: true },
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
