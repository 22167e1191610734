import { z } from "zod";
import {
  anyText,
  duration,
  expected,
  flag,
  kinds,
  listOf,
  oneOf,
  secretText,
  secretUrl,
  size,
  text,
  textMatching,
  url,
  wholeNumber,
} from "./scalars.ts";
import { faultOfGlob } from "../core/selection.ts";
import { s3Connection, sourceSchema } from "./source-schema.ts";

/** A name of the operator's choosing: it becomes a part of queue names and metric labels. */
const name = () =>
  textMatching(/^[a-z0-9][a-z0-9-]{0,47}$/, 'lower-case letters, digits and "-" (at most 48, no "-" first)');
const webUrl = () => url(/^https?$/, "an http or https URL");

const segmentEndpoints = { us: "https://api.segment.io", eu: "https://events.eu1.segmentapis.com" } as const;
const segmentTokenServers = { us: "https://oauth2.segment.io", eu: "https://oauth2.eu1.segmentapis.com" } as const;

const oauth = z.strictObject({
  clientId: text().describe("Client id of the OAuth application"),
  privateKey: secretText().describe("Private key (PEM) that signs the token requests"),
  keyId: text().describe("Id of the public key at Segment"),
  scope: text().prefault("tracking_api:write").describe("Scope asked for"),
  tokenServer: webUrl().optional().describe("Token server; default: that of the region"),
});

const segment = z
  .strictObject({
    writeKey: secretText(/^\S+$/, "is empty or has white space in it").describe("Write key of the Segment source"),
    oauth: oauth.optional().describe("OAuth credentials, for a source that asks for them beside the write key"),
    region: oneOf(["us", "eu"]).prefault("us").describe("Region of the Segment workspace"),
    endpoint: webUrl().optional().describe("Tracking API; default: that of the region. Tests point it at the stand-in"),
    settingsEndpoint: webUrl().prefault("https://cdn.segment.com").describe("Where the write key is verified"),
    credentialCheck: oneOf(["settings", "none"])
      .prefault("settings")
      .describe("settings: verify the write key at the settings endpoint; none: trust it unseen"),
    credentialCheckEvery: duration("1s", "1h")
      .prefault("60s")
      .describe("How often the write key is verified while delivering"),
    eventsPerSecond: wholeNumber(1, 1_000_000)
      .prefault(950)
      .describe("Limit of the events sent in a second; Segment allows a workspace 1,000"),
    rateGroup: name()
      .optional()
      .describe(
        "Workspaces with the same word share one limit, as sources of one Segment workspace do; default: its own",
      ),
    requestTimeout: duration("1s", "60s").prefault("10s").describe("How long one request to Segment may take"),
    transport: oneOf(["direct", "sdk"])
      .prefault("direct")
      .describe("direct: our own POST to /v1/batch; sdk: @segment/analytics-node (always used with oauth)"),
  })
  .transform(({ credentialCheckEvery, requestTimeout, ...value }) => ({
    ...value,
    oauth: value.oauth && { ...value.oauth, tokenServer: value.oauth.tokenServer ?? segmentTokenServers[value.region] },
    endpoint: withoutSlash(value.endpoint ?? segmentEndpoints[value.region]),
    settingsEndpoint: withoutSlash(value.settingsEndpoint),
    credentialCheckEveryMs: credentialCheckEvery,
    requestTimeoutMs: requestTimeout,
    transport: value.oauth ? ("sdk" as const) : value.transport,
  }));

const withoutSlash = (address: string): string => address.replace(/\/+$/, "");

const neverRemoved = ["id", "time", "user_id", "external_user_id"];
const neverHashed = ["id", "time"];

const fields = z
  .strictObject({
    remove: listOf("field")
      .refine(
        (names) => !names.some((field) => neverRemoved.includes(field)),
        "id, time, user_id and external_user_id cannot be removed: Segment needs them (user ids may be hashed)",
      )
      .prefault([])
      .describe("Fields whose text becomes [REDACTED]"),
    hash: listOf("field")
      .refine(
        (names) => !names.some((field) => neverHashed.includes(field)),
        "id and time cannot be hashed: they are what tells events apart",
      )
      .prefault([])
      .describe("Fields whose text becomes its SHA-256"),
    hashKey: secretText().optional().describe("Makes the hashes keyed (HMAC-SHA-256)"),
  })
  .refine(
    ({ remove, hash }) => !remove.some((field) => hash.includes(field)),
    "a field cannot be both removed and hashed",
  );

/** An element of `events`, with or without "!". */
const glob = () =>
  z.string(expected("glob")).superRefine((written, context) => {
    const fault = faultOfGlob(written);
    if (fault !== undefined) context.addIssue(fault);
  });

const connector = z.strictObject({
  contact: z
    .email(expected("an e-mail address"))
    .register(kinds, { kind: "an e-mail address" })
    .optional()
    .describe("Who is told about this connector's outages"),
  source: sourceSchema.describe("What Braze's Current writes to"),
  events: z
    .array(glob(), expected("a list: [glob, ...]"))
    .register(kinds, { kind: "list: glob" })
    .min(1, "selects nothing; leave it out to select every type that Braze exports to Segment")
    .optional()
    .describe('Event types, such as "users.messages.*"; "!" takes out. Default: all that Braze exports to Segment'),
  fields: fields.prefault({}).describe("Field rules, as Braze's field transformations"),
  eventNames: z
    .record(textMatching(/^[^!]/, "an event type, such as users.messages.email.Open"), text("the name of a call"))
    .register(kinds, { kind: "event type: name" })
    .prefault({})
    .describe("Names of calls, instead of Braze's"),
});

const dedup = z
  .strictObject({
    window: duration("1s", "30d").prefault("48h").describe("How long an event id is remembered"),
    scope: oneOf(["workspace", "connector"])
      .prefault("workspace")
      .describe("connector: two connectors may send the same event, each with a messageId of its own"),
  })
  .transform(({ window, scope }) => ({ windowMs: window, scope }));

interface ArchiveOf<S3> {
  folder?: string | undefined;
  s3?: S3 | undefined;
}

const archivePlace = <S3>(
  { folder, s3 }: ArchiveOf<S3>,
  context: z.core.$RefinementCtx,
): { folder: string } | { s3: S3 } => {
  if (folder !== undefined && s3 === undefined) return { folder };
  if (folder === undefined && s3 !== undefined) return { s3 };
  context.addIssue("needs either folder or s3, and not both");
  return z.NEVER;
};

const expiry = z
  .strictObject({
    after: duration("1m", "365d").prefault("48h").describe("How long an event may be held in an outage"),
    then: oneOf(["keep", "archive", "drop"]).prefault("keep").describe("What happens to it then"),
    archive: z
      .strictObject({
        folder: text("a folder").optional().describe("Where `archive` writes; relative to the configuration file"),
        s3: z
          .strictObject({
            bucket: text().describe("Name of the bucket"),
            prefix: anyText().prefault("").describe("What its keys begin with"),
            ...s3Connection,
          })
          .optional()
          .describe(
            "A bucket in place of the folder, on S3 or what speaks like it (MinIO, Ceph, R2, Google by HMAC keys)",
          ),
      })
      .transform(archivePlace)
      .optional()
      .describe("Needed where then is archive"),
  })
  .transform(({ after, then, archive }) => ({ afterMs: after, then, archive }));

/** One workspace by itself, so that its faults can be told apart from its neighbours'. */
export const workspaceSchema = z.strictObject({
  segment: segment.describe("The Segment source that receives the calls"),
  dedup: dedup.prefault({}).describe("Which events are sent once"),
  expiry: expiry.prefault({}).describe("What an outage may cost"),
  anonymousUsers: flag()
    .prefault(false)
    .describe("true: events of users without external_user_id go out with anonymousId only"),
  spoolBudget: size("1MB", "1000GB")
    .prefault("256MB")
    .describe("Bytes of payload that may wait in Redis before ingest slows down"),
  connectors: z
    .record(name(), connector)
    .refine((all) => Object.keys(all).length > 0, "needs at least one connector")
    .describe("One for each Braze Current"),
});

const limits = z.strictObject({
  schemaBytes: size("1KB", "64MB").prefault("1MB").describe("Largest schema of an Avro file"),
  blockBytes: size("1KB", "1GB").prefault("64MB").describe("Largest Avro block, as stored"),
  expandedBlockBytes: size("1KB", "2GB").prefault("128MB").describe("Largest Avro block, decompressed"),
  schemaDepth: wholeNumber(1, 256).prefault(32).describe("How deep the types of a schema may nest"),
  schemaFields: wholeNumber(1, 1_000_000).prefault(5_000).describe("Most fields, branches and symbols of a schema"),
  recordItems: wholeNumber(1, 100_000_000)
    .prefault(100_000)
    .describe("Most array items, map entries and empty values in one record"),
  blockRecords: wholeNumber(1, 100_000_000).prefault(1_000_000).describe("Most records in one Avro block"),
});

const notify = z.strictObject({
  webhook: z
    .strictObject({
      url: secretUrl(/^https?$/, "an http or https URL").describe("Where notices are posted as JSON"),
      secret: secretText().describe("Signs them: header Relay-Signature, HMAC-SHA-256"),
    })
    .optional()
    .describe("Posts the notices of all workspaces"),
  email: z
    .strictObject({
      smtpUrl: secretUrl(/^smtps?$/, "an smtp:// or smtps:// URL").describe(
        "Mail server; smtp:// takes TLS where it is offered, ?requireTLS=true insists on it",
      ),
      from: textMatching(
        /^(?:[^<>@\s]+@[^<>@\s]+|[^<>\r\n]+ <[^<>@\s]+@[^<>@\s]+>)$/,
        'an e-mail address, or "Name <address>"',
      ).describe("Sender of the notices"),
    })
    .optional()
    .describe("Mails them to the connectors' contacts"),
});

/** The contract: `relay.yaml`, version 1 (DESIGN section 4). Input as written, output with units in the names. */
export const configSchema = z.strictObject({
  version: z
    .literal(1, expected("1, the only version there is"))
    .register(kinds, { kind: "1" })
    .describe("Version of this format"),
  redis: z
    .strictObject({
      url: secretUrl(/^rediss?$/, "a redis:// or rediss:// URL").describe(
        "Redis >= 7 or Valkey, with AOF and noeviction",
      ),
      memoryBudget: size("16MB", "4000GB")
        .optional()
        .describe(
          "What the relay may use of it; from 60 % on files wait, from 85 % on HTTP requests. Default: its maxmemory",
        ),
    })
    .optional()
    .describe("Left out: REDIS_URL, else `relay start` runs a redis-server of its own"),
  admin: z
    .strictObject({
      host: text().prefault("127.0.0.1").describe("Address of the admin port"),
      port: wholeNumber(0, 65_535)
        .prefault(9_464)
        .describe("Port of the status page, /livez, /readyz and /metrics; 0 takes a free one"),
      token: secretText(
        /^[\w.~+/=-]{16,}$/,
        "is shorter than 16 characters, or has others than letters, digits and -._~+/=",
      )
        .optional()
        .describe("Who has it may see the status page; without it, only who is on this machine"),
    })
    .prefault({})
    .describe("Health and metrics of every stage"),
  http: z
    .strictObject({
      host: text().prefault("127.0.0.1").describe("Address on which Braze's requests are taken"),
      port: wholeNumber(0, 65_535)
        .prefault(9_480)
        .describe("Its port; opened when a connector has a source of type http"),
      bodyLimit: size("1KB", "256MB")
        .prefault("8MB")
        .describe("Largest body, unpacked; a larger one is answered 413, and Braze sends smaller ones"),
      connections: wholeNumber(1, 100_000).prefault(512).describe("Connections at a time"),
      requestTimeout: duration("1s", "10m").prefault("30s").describe("How long a request may take to arrive"),
    })
    .transform(({ requestTimeout, ...value }) => ({ ...value, requestTimeoutMs: requestTimeout }))
    .prefault({})
    .describe("Where Braze's Custom HTTP connector posts to: /v1/currents/<workspace>/<connector>"),
  notify: notify
    .prefault({})
    .describe("Who is told when an outage opens, 50, 80 and 95 % through its window, and when it closes"),
  limits: limits.prefault({}).describe("What a file may ask of us; beyond it is quarantined"),
  workspaces: z
    .record(name(), workspaceSchema)
    .refine((all) => Object.keys(all).length > 0, "needs at least one workspace")
    .describe("One for each Segment source"),
});

export type RelayConfig = z.output<typeof configSchema>;
export type WorkspaceConfig = z.output<typeof workspaceSchema>;
export type ConnectorConfig = WorkspaceConfig["connectors"][string];
export type SegmentConfig = WorkspaceConfig["segment"];
