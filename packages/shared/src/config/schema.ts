import { z } from "zod";
import { parseDurationMs } from "./duration.ts";
import { Secret } from "./secret.ts";
import { parseSizeBytes } from "./size.ts";

/** Scalars that may also come as text, because `${NAME}` always gives text. */
const whole = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value),
    z.int().min(min).max(max),
  );
const flag = z.preprocess((value) => (value === "true" ? true : value === "false" ? false : value), z.boolean());

const bounded = (parse: (text: string) => number | undefined, what: string, min: string, max: string) =>
  z.string(`expected ${what}`).transform((text, context) => {
    const value = parse(text);
    if (value === undefined) context.addIssue(`"${text}" is not ${what}`);
    else if (value < (parse(min) ?? 0) || value > (parse(max) ?? Infinity))
      context.addIssue(`${text} is out of bounds: from ${min} to ${max}`);
    return value ?? 0;
  });
const duration = (min: string, max: string) =>
  bounded(parseDurationMs, 'a duration such as "48h", "30s" or "500ms"', min, max);
const size = (min: string, max: string) => bounded(parseSizeBytes, 'a size such as "256MB" or "2GB"', min, max);
const secret = z
  .string("expected text")
  .min(1, "is empty")
  .transform((text) => new Secret(text));
const url = z.url({ protocol: /^https?$/, error: "expected an http or https URL" });

const name = (what: string) =>
  z.string().regex(/^[a-z0-9][a-z0-9-]{0,47}$/, `a ${what} name is lower-case letters, digits and "-", at most 48`);

const segmentEndpoints = { us: "https://api.segment.io", eu: "https://events.eu1.segmentapis.com" } as const;
const segmentTokenServers = { us: "https://oauth2.segment.io", eu: "https://oauth2.eu1.segmentapis.com" } as const;

const oauth = z
  .strictObject({
    clientId: z.string().min(1).describe("Client id of the OAuth application"),
    privateKey: secret.describe("Private key (PEM) that signs the token requests"),
    keyId: z.string().min(1).describe("Id of the public key at Segment"),
    scope: z.string().default("tracking_api:write").describe("Scope asked for"),
    tokenServer: url.optional().describe("Token server; by region when left out"),
  })
  .describe("OAuth instead of the bare write key");

const segment = z
  .strictObject({
    writeKey: secret.describe("Write key of the Segment source"),
    oauth: oauth.optional(),
    region: z.enum(["us", "eu"]).default("us").describe("Region of the Segment workspace"),
    endpoint: url.optional().describe("Tracking API; by region when left out. Tests point it at the stand-in"),
    settingsEndpoint: url.default("https://cdn.segment.com").describe("Where a write key can be verified"),
    credentialCheck: z
      .enum(["settings", "none"])
      .default("settings")
      .describe("Verify the write key at the settings endpoint; none: trust it unseen"),
    credentialCheckEvery: duration("1s", "1h")
      .default(60_000)
      .describe("How often the write key is verified while delivering"),
    eventsPerSecond: whole(1, 1_000_000)
      .default(950)
      .describe("Events a second; Segment allows 1,000 for a workspace of its own"),
    rateGroup: name("rate group")
      .optional()
      .describe("Sources of one Segment workspace share its limit; default: a limit of its own"),
    requestTimeout: duration("1s", "60s").default(10_000).describe("How long one request to Segment may take"),
    transport: z
      .enum(["direct", "sdk"])
      .default("direct")
      .describe("direct: our own POST to /v1/batch; sdk: @segment/analytics-node (always used with oauth)"),
  })
  .transform((value) => ({
    writeKey: value.writeKey,
    oauth: value.oauth && { ...value.oauth, tokenServer: value.oauth.tokenServer ?? segmentTokenServers[value.region] },
    region: value.region,
    endpoint: (value.endpoint ?? segmentEndpoints[value.region]).replace(/\/+$/, ""),
    settingsEndpoint: value.settingsEndpoint.replace(/\/+$/, ""),
    credentialCheck: value.credentialCheck,
    credentialCheckEveryMs: value.credentialCheckEvery,
    eventsPerSecond: value.eventsPerSecond,
    rateGroup: value.rateGroup,
    requestTimeoutMs: value.requestTimeout,
    transport: value.oauth ? ("sdk" as const) : value.transport,
  }));

const folderSource = z
  .strictObject({
    type: z.literal("folder"),
    path: z.string().min(1).describe("Folder to read, all levels deep; relative to the configuration file"),
    poll: duration("50ms", "1h").default(500).describe("How often the folder is listed"),
  })
  .transform(({ type, path, poll }) => ({ type, path, pollMs: poll }));

const identityFields = ["id", "time", "user_id", "external_user_id"];

const connector = z.strictObject({
  contact: z.email("expected an e-mail address").optional().describe("Who is told about this connector's outages"),
  source: folderSource,
  events: z
    .array(z.string().min(1))
    .min(1, "selects nothing; leave it out to select every type that Braze exports to Segment")
    .optional()
    .describe("Event types as globs; default: every type that Braze exports to Segment"),
  fields: z
    .strictObject({
      remove: z
        .array(z.string().min(1))
        .refine(
          (names) => !names.some((field) => identityFields.includes(field)),
          "id, time, user_id and external_user_id cannot be removed: Segment needs them (user ids may be hashed)",
        )
        .default([])
        .describe("Fields whose text becomes [REDACTED]"),
      hash: z
        .array(z.string().min(1))
        .refine(
          (names) => !names.includes("id") && !names.includes("time"),
          "id and time cannot be hashed: they are what tells events apart",
        )
        .default([])
        .describe("Fields whose text becomes its SHA-256"),
      hashKey: secret.optional().describe("Makes the hashes keyed (HMAC-SHA-256)"),
    })
    .refine(
      (fields) => !fields.remove.some((field) => fields.hash.includes(field)),
      "a field cannot be both removed and hashed",
    )
    .default({ remove: [], hash: [] })
    .describe("As Braze's field transformations"),
  eventNames: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe("Event type -> name of the call, instead of Braze's"),
});

const dedup = z
  .strictObject({
    window: duration("1s", "30d").default(172_800_000).describe("How long an event id is remembered"),
    scope: z.enum(["workspace", "connector"]).default("workspace").describe("Whom an id is a duplicate for"),
  })
  .transform(({ window, scope }) => ({ windowMs: window, scope }));

const expiry = z
  .strictObject({
    after: duration("1m", "365d").default(172_800_000).describe("How long an event may be held in an outage"),
    then: z.enum(["keep", "archive", "drop"]).default("keep").describe("What happens to it then"),
  })
  .transform(({ after, then }) => ({ afterMs: after, then }));

const workspace = z.strictObject({
  segment: segment.describe("The Segment source that receives the calls"),
  dedup: dedup.default({ windowMs: 172_800_000, scope: "workspace" }),
  expiry: expiry.default({ afterMs: 172_800_000, then: "keep" }),
  anonymousUsers: flag
    .default(false)
    .describe("true: events of users without external_user_id go out with anonymousId only"),
  spoolBudget: size("1MB", "1000GB")
    .default(256_000_000)
    .describe("Payload bytes waiting in Redis before ingest slows down"),
  connectors: z
    .record(name("connector"), connector)
    .refine((all) => Object.keys(all).length > 0, "needs at least one connector"),
});

const limits = z
  .strictObject({
    schemaBytes: size("1KB", "64MB").default(1_000_000).describe("Largest schema of an Avro file"),
    blockBytes: size("1KB", "1GB").default(64_000_000).describe("Largest Avro block, as stored"),
    expandedBlockBytes: size("1KB", "2GB").default(128_000_000).describe("Largest Avro block, decompressed"),
    blockRecords: whole(1, 100_000_000).default(1_000_000).describe("Most records in one Avro block"),
  })
  .describe("What a file may ask of us");

/** The contract: `relay.yaml`, version 1 (DESIGN section 4). Input as written, output with units in the names. */
export const configSchema = z.strictObject({
  version: z.literal(1, "expected 1, the only version there is"),
  redis: z
    .strictObject({
      url: z
        .url({ protocol: /^rediss?$/, error: "expected a redis:// or rediss:// URL" })
        .describe("Redis >= 7 or Valkey, with AOF and noeviction"),
    })
    .optional()
    .describe("Left out: `relay start` runs its own redis-server"),
  admin: z
    .strictObject({
      host: z.string().min(1).default("127.0.0.1").describe("Address of the admin port"),
      port: whole(0, 65_535).default(9_464).describe("Admin port: /livez, /readyz, /metrics; 0 takes a free one"),
    })
    .default({ host: "127.0.0.1", port: 9_464 })
    .describe("Health and metrics of every stage"),
  limits: limits.default({
    schemaBytes: 1_000_000,
    blockBytes: 64_000_000,
    expandedBlockBytes: 128_000_000,
    blockRecords: 1_000_000,
  }),
  workspaces: z
    .record(name("workspace"), workspace)
    .refine((all) => Object.keys(all).length > 0, "needs at least one workspace")
    .describe("One per Segment source"),
});

export type RelayConfig = z.output<typeof configSchema>;
export type WorkspaceConfig = RelayConfig["workspaces"][string];
export type ConnectorConfig = WorkspaceConfig["connectors"][string];
export type SegmentConfig = WorkspaceConfig["segment"];
