import { z } from "zod";
import { anyText, duration, expected, flag, kinds, oneOf, secretText, text, url, wholeNumber } from "./scalars.ts";

const webUrl = () => url(/^https?$/, "an http or https URL");

const since = () =>
  z.iso
    .datetime({ offset: true, error: expected('a time such as "2026-11-23T00:00:00Z"') })
    .transform((value) => Date.parse(value))
    .register(kinds, { kind: 'a time such as "2026-11-23T00:00:00Z"' })
    .optional()
    .describe("Nothing older is read; also the floor when Redis was lost. Default: everything that is there");

const folder = z
  .strictObject({
    type: oneOf(["folder"]).describe("Where the files are"),
    path: text().describe("folder: read all levels deep; relative to the configuration file"),
    since: since(),
    poll: duration("50ms", "1h").prefault("500ms").describe("How often new files are looked for (buckets: 30s)"),
  })
  .transform(({ type, path, since: sinceMs, poll: pollMs }) => ({ type, path, sinceMs, pollMs }));

/** How a bucket is searched; the same for all stores. */
const bucketPlace = {
  prefix: anyText().prefault("").describe("Buckets: only what lies under this prefix"),
  since: since(),
  poll: duration("1s", "1h").prefault("30s").describe("How often new objects are looked for"),
  lateWindow: duration("1h", "7d")
    .prefault("6h")
    .describe(
      "Buckets: how far behind its type's newest hour an object may land and be found in the next round; the full listing looks eight times as far",
    ),
  fullListing: duration("1m", "7d")
    .prefault("1h")
    .describe("Buckets: how often, at least, all is gone through for what is not where Braze puts it"),
};

interface BucketPlace {
  poll: number;
  since?: number | undefined;
  lateWindow: number;
  fullListing: number;
}

const withUnits = <Place extends BucketPlace>({ poll, since: from, lateWindow, fullListing, ...rest }: Place) => ({
  ...rest,
  pollMs: poll,
  sinceMs: from,
  lateWindowMs: lateWindow,
  fullListingMs: fullListing,
});

/** How a bucket of S3, or of what speaks like it, is reached. */
export const s3Connection = {
  region: text().optional().describe("s3: its region; default: AWS_REGION"),
  endpoint: webUrl()
    .optional()
    .describe("s3, gcs: for stores that speak the same (MinIO, Ceph, R2); default: the cloud's own"),
  forcePathStyle: flag().prefault(false).describe("s3: the bucket's name goes into the path, as MinIO wants it"),
  credentials: z
    .strictObject({
      accessKeyId: text().describe("Access key"),
      secretAccessKey: secretText().describe("Its secret"),
      sessionToken: secretText().optional().describe("Its session token"),
    })
    .optional()
    .describe("s3: default is the AWS SDK's chain (environment, profile, IRSA, container, instance)"),
  assumeRole: z
    .strictObject({
      roleArn: text().describe("Role to take on"),
      externalId: text().optional().describe("External id that the role asks for"),
      sessionName: text().prefault("currents-relay").describe("Name of the session"),
      endpoint: webUrl().optional().describe("STS endpoint; default: AWS"),
    })
    .optional()
    .describe("s3: a role to take on first"),
};

const s3 = z
  .strictObject({
    type: oneOf(["s3"]),
    bucket: text().describe("s3, gcs: name of the bucket"),
    ...s3Connection,
    ...bucketPlace,
  })
  .transform(withUnits);

const gcs = z
  .strictObject({
    type: oneOf(["gcs"]),
    bucket: text().describe("Name of the bucket"),
    keyFile: text().optional().describe("gcs: key file of a service account; default: application default credentials"),
    endpoint: webUrl().optional().describe("Default: Google's"),
    anonymous: flag().prefault(false).describe("gcs: no credentials are sent (an emulator)"),
    userProject: text().optional().describe("gcs: project that pays, where the requester pays"),
    ...bucketPlace,
  })
  .transform(withUnits);

const azure = z
  .strictObject({
    type: oneOf(["azure"]),
    container: text().describe("azure: name of the container"),
    connectionString: secretText().optional().describe("azure: connection string of the account"),
    sasUrl: secretText(/^https?:/, "is not an address")
      .optional()
      .describe("azure: signed address of the account or container"),
    account: text()
      .optional()
      .describe("azure: account (or its blob endpoint) that is opened by workload or managed identity"),
    managedIdentityClientId: text().optional().describe("azure: which user-assigned identity"),
    ...bucketPlace,
  })
  .refine(
    (one) => [one.connectionString, one.sasUrl, one.account].filter((way) => way !== undefined).length === 1,
    "needs exactly one of connectionString, sasUrl, account",
  )
  .transform(({ connectionString, sasUrl, account, managedIdentityClientId, ...rest }) => ({
    ...withUnits(rest),
    access: connectionString
      ? { connectionString }
      : sasUrl
        ? { sasUrl }
        : { account: account ?? "", managedIdentityClientId },
  }));

const http = z
  .strictObject({
    type: oneOf(["http"]),
    tokens: z
      .array(
        secretText(/^[\x21-\x7e]{8,}$/, "is shorter than 8 characters, or has others than printable ASCII"),
        expected("a list of tokens, each of at least 8 characters"),
      )
      .min(1, "needs at least one token")
      .register(kinds, { kind: "list of secrets" })
      .describe("http: bearer tokens that Braze may send; several while one is replaced"),
    requestsInHand: wholeNumber(1, 1_000)
      .prefault(32)
      .describe("http: requests of this connector at a time; more are answered 429, and Braze sends them again"),
  })
  .transform(({ type, tokens, requestsInHand }) => ({ type, tokens, requestsInHand }));

/** Where Currents files come from: the key `type` says which of these it is. */
export const sourceSchema = z.discriminatedUnion("type", [folder, s3, gcs, azure, http], {
  error: expected("one of folder, s3, gcs, azure, http"),
});

export type SourceConfig = z.output<typeof sourceSchema>;
/** A source that is searched for objects. */
export type ListedSourceConfig = Exclude<SourceConfig, { type: "http" }>;
export type HttpSourceConfig = Extract<SourceConfig, { type: "http" }>;
