import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { aConfig, faultsOf, file, goodConfig } from "./config-text.testing.ts";
import { loadConfig } from "./load.ts";

const noVariables = { variables: {} };

const theDesignsExample = `version: 1
redis: { url: "\${REDIS_URL}" }                 # left out: \`relay start\` runs its own redis-server
workspaces:
  acme:
    segment:
      writeKey: "\${ACME_WRITE_KEY}"            # or oauth: { clientId, privateKey, keyId, scope }
      region: us                               # us | eu
      endpoint: https://api.segment.io         # default by region; tests point it at the stand-in
      settingsEndpoint: https://cdn.segment.com # where a write key can be verified
      credentialCheck: settings                # settings | none
      eventsPerSecond: 950
      rateGroup: acme                          # workspaces (sources) of one Segment workspace share its limit
    dedup: { window: 48h, scope: workspace }   # scope: workspace | connector
    expiry: { after: 48h, then: keep }         # keep | archive | drop
    anonymousUsers: false                      # true: events of users without external_user_id go out
    connectors:
      engagement:
        contact: data@acme.example
        source: { type: folder, path: ./currents }   # folder | s3 | gcs | azure | http
        events: ["users.messages.*", "users.canvas.*"]   # default: every type that Braze exports to Segment
        fields: { remove: [ip_pool], hash: [email_address] }   # as Braze's field transformations
        eventNames: { "users.messages.email.Unsubscribe": "Email Unsubscribed" }
`;

test("the example of the design loads as it stands", () => {
  const { config, doubts } = goodConfig(theDesignsExample, { REDIS_URL: "redis://r:6379", ACME_WRITE_KEY: "key" });
  expect(doubts).toEqual([]);
  expect(config.redis?.url.reveal()).toBe("redis://r:6379");
  expect(config.workspaces["acme"]).toMatchObject({
    segment: { region: "us", eventsPerSecond: 950, rateGroup: "acme" },
    dedup: { windowMs: 172_800_000, scope: "workspace" },
    expiry: { afterMs: 172_800_000, then: "keep" },
    connectors: { engagement: { source: { path: "/etc/relay/currents" }, fields: { remove: ["ip_pool"] } } },
  });
  expect(config.workspaces["acme"]?.segment.writeKey.reveal()).toBe("key");
});

test("what is left out has its default, in milliseconds and bytes", () => {
  const { config } = goodConfig(aConfig());
  expect(config).toMatchObject({
    admin: { host: "127.0.0.1", port: 9464 },
    limits: { schemaBytes: 1e6, blockBytes: 64e6, expandedBlockBytes: 128e6, blockRecords: 1e6 },
  });
  expect(config.redis).toBeUndefined();
  expect(config.workspaces["acme"]).toMatchObject({
    segment: {
      endpoint: "https://api.segment.io",
      credentialCheckEveryMs: 60_000,
      requestTimeoutMs: 10_000,
      transport: "direct",
    },
    spoolBudget: 256e6,
    connectors: {
      engagement: { source: { pollMs: 500 }, fields: { remove: [], hash: [] }, eventNames: {} },
    },
  });
});

test("the region chooses the endpoints, unless they are given", () => {
  const oauth = "oauth: { clientId: c, privateKey: p, keyId: k }";
  const eu = goodConfig(aConfig({ segment: ["region: eu", oauth] })).config.workspaces["acme"]?.segment;
  expect(eu).toMatchObject({
    endpoint: "https://events.eu1.segmentapis.com",
    oauth: { tokenServer: "https://oauth2.eu1.segmentapis.com", scope: "tracking_api:write" },
    transport: "sdk",
  });
  const own = goodConfig(aConfig({ segment: ["region: eu", "endpoint: http://127.0.0.1:8080/"] }));
  expect(own.config.workspaces["acme"]?.segment.endpoint).toBe("http://127.0.0.1:8080");
});

test("numbers and flags may come from the environment, where everything is text", () => {
  const text = aConfig({ segment: ['eventsPerSecond: "${RATE}"'], more: ['anonymousUsers: "${ANONYMOUS}"'] });
  const { config } = goodConfig(text, { RATE: "500", ANONYMOUS: "true" });
  expect(config.workspaces["acme"]).toMatchObject({ segment: { eventsPerSecond: 500 }, anonymousUsers: true });
});

test("every fault is listed at once, in the order of the file, with its line and path", () => {
  const text = `version: 2
extra: 1
workspaces:
  acme:
    segment: { writeKey: "\${ACME_KEY}", regoin: us, region: uk }
    dedup: { window: 48 }
    connectors:
      a: { source: { type: folder, path: . }, events: [] }
  other:
    segment: { writeKey: k }
    connectors:
      a: { source: { type: folder, path: "\${file:/nowhere/path}" } }
      b: { source: { type: folder, path: . } }
`;
  expect(faultsOf(text)).toEqual([
    "relay.yaml:1 version: expected 1, the only version there is; got 2",
    expect.stringMatching(
      /^relay.yaml:2 extra: is no key of the configuration; known here: version, redis, .*workspaces$/,
    ),
    "relay.yaml:5 workspaces.acme.segment.writeKey: the environment variable ACME_KEY is not set",
    'relay.yaml:5 workspaces.acme.segment.region: expected one of us, eu; got "uk"',
    "relay.yaml:5 workspaces.acme.segment.regoin: is no key of the configuration; did you mean region?",
    "relay.yaml:6 workspaces.acme.dedup.window: expected a duration from 1s to 30d, with its unit (ms, s, m, h, d); got 48",
    expect.stringMatching(/^relay.yaml:8 workspaces.acme.connectors.a.events: selects nothing/),
    "relay.yaml:12 workspaces.other.connectors.a.source.path: the secret file /nowhere/path cannot be read: it does not exist",
    expect.stringMatching(/^relay.yaml:13 workspaces.other.connectors.b.events: selects event types that/),
  ]);
});

test.each([
  ["region: uk", 'region: expected one of us, eu; got "uk"'],
  ["eventsPerSecond: 0", "eventsPerSecond: expected a whole number from 1 to 1,000,000; got 0"],
  ["eventsPerSecond: 2000000", "eventsPerSecond: expected a whole number from 1 to 1,000,000; got 2000000"],
  ["eventsPerSecond: 1.5", "eventsPerSecond: expected a whole number from 1 to 1,000,000; got 1.5"],
  ["eventsPerSecond: fast", 'eventsPerSecond: expected a whole number from 1 to 1,000,000; got "fast"'],
  ["requestTimeout: 2h", 'requestTimeout: expected a duration from 1s to 60s; got "2h"'],
  ["requestTimeout: 5 seconds", 'with its unit (ms, s, m, h, d); got "5 seconds"'],
  ["endpoint: api.segment.io", 'endpoint: expected an http or https URL; got "api.segment.io"'],
  ["endpoint:", "endpoint: expected an http or https URL; got nothing"],
  ["rateGroup: My Group", 'rateGroup: expected lower-case letters, digits and "-"'],
  ["event_per_second: 5", "event_per_second: is no key of the configuration; did you mean eventsPerSecond?"],
  ["window: 48h", "window: is no key of the configuration; it belongs to workspaces.NAME.dedup.window"],
  ["oauth: { clientId: c, keyId: k }", "oauth.privateKey: is missing; expected text"],
])("in segment, %s is refused: %s", (line, message) => {
  expect(faultsOf(aConfig({ segment: [line] }))).toEqual([expect.stringContaining(`relay.yaml:6 `)]);
  expect(faultsOf(aConfig({ segment: [line] }))[0]).toContain(message);
});

test.each([
  ["spoolBudget: 100", "spoolBudget: expected a size from 1MB to 1000GB, with its unit (B, KB, MB, GB); got 100"],
  ["spoolBudget: 2TB", 'got "2TB"'],
  ["spoolBudget: 1KB", 'spoolBudget: expected a size from 1MB to 1000GB; got "1KB"'],
  ["anonymousUsers: maybe", 'anonymousUsers: expected true or false; got "maybe"'],
  ["dedup: 48h", "dedup: expected settings (key: value); got text"],
  ["dedup: [48h]", "dedup: expected settings (key: value); got a list"],
  ["expiry: { then: delete }", 'expiry.then: expected one of keep, archive, drop; got "delete"'],
])("in a workspace, %s is refused: %s", (line, message) => {
  expect(faultsOf(aConfig({ more: [line] }))).toEqual([expect.stringContaining(message)]);
});

test.each([
  ["contact: somebody", 'contact: expected an e-mail address; got "somebody"'],
  ["events: users.*", 'events: expected a list: [glob, ...]; got "users.*"'],
  ["events: []", "events: selects nothing; leave it out to select every type"],
  ['events: ["users.*", ""]', "events[1]: names no event type; write one behind it"],
  ['events: ["users.*", "!"]', "events[1]: names no event type; write one behind it"],
  ['events: ["!!"]', "events[0]: names no event type"],
  ['eventNames: { "": Opened }', 'eventNames[""]: expected a name of an event type, such as users.messages.email.Open'],
  ['eventNames: { "!": Opened }', 'eventNames["!"]: expected a name of an event type'],
  ["fields: { remove: [id] }", "fields.remove: id, time, user_id and external_user_id cannot be removed"],
  ["fields: { hash: [time] }", "fields.hash: id and time cannot be hashed"],
  ["fields: { remove: [a], hash: [a] }", "fields: a field cannot be both removed and hashed"],
  ['eventNames: { "users.a.B": "" }', 'eventNames["users.a.B"]: expected the name of a call; got ""'],
])("in a connector, %s is refused: %s", (line, message) => {
  expect(faultsOf(aConfig({ connector: [line] }))).toEqual([expect.stringContaining(`engagement.${message}`)]);
});

test("a source of type http needs tokens, and they are long enough to be secrets", () => {
  const withSource = (source: string) => faultsOf(aConfig().replace("type: folder, path: ./currents", source));
  expect(withSource('type: http, tokens: ["a-long-token"]')).toEqual([]);
  const of = "relay.yaml:8 workspaces.acme.connectors.engagement.source.tokens";
  expect(withSource("type: http")).toEqual([expect.stringContaining(`${of}: `)]);
  expect(withSource("type: http, tokens: []")).toEqual([`${of}: needs at least one token`]);
  expect(withSource('type: http, tokens: ["a-long-token", short]')).toEqual([
    `${of}[1]: is shorter than 8 characters, or has others than printable ASCII`,
  ]);
});

test("a source of a type that nobody knows is told the types there are", () => {
  expect(faultsOf(aConfig().replace("type: folder", "type: ftp"))).toEqual([
    'relay.yaml:8 workspaces.acme.connectors.engagement.source.type: expected one of folder, s3, gcs, azure, http; got "ftp"',
  ]);
});

test.each([
  ["type: s3, bucket: currents, region: eu-central-1, prefix: exports", []],
  ["type: gcs, bucket: currents, since: 2026-11-23T00:00:00Z", []],
  ["type: azure, container: currents, account: acme", []],
  ["type: gcs, bucket: currents, region: r", ["source.region: is no key of this type"]],
  ["type: azure, container: currents", ["source: needs exactly one of connectionString, sasUrl, account"]],
  ["type: s3", ["source.bucket: is missing; expected text"]],
])("a bucket as a source: %s", (source, faults) => {
  const found = faultsOf(aConfig().replace("type: folder, path: ./currents", source));
  expect(found).toEqual(faults.map((fault) => `relay.yaml:8 workspaces.acme.connectors.engagement.${fault}`));
});

test.each([
  ["", "relay.yaml: the file is empty; it needs at least version and workspaces"],
  ["# only a comment\n", "relay.yaml: the file is empty; it needs at least version and workspaces"],
  ["hello", "relay.yaml: the file holds no settings (key: value)"],
  ["- version: 1", "relay.yaml: the file holds no settings (key: value)"],
  ["version: 1\nworkspaces: {}", "relay.yaml:2 workspaces: needs at least one workspace"],
  ["version: 1\nworkspaces:", "relay.yaml:2 workspaces: expected settings (key: value); got nothing"],
  ["version: 1", "relay.yaml:1 workspaces: is missing; expected settings (key: value)"],
])("a file that says %j is refused: %s", (text, fault) => {
  expect(faultsOf(text)).toEqual([fault]);
});

test("a configuration without a version is asked for one", () => {
  expect(faultsOf(aConfig().replace("version: 1\n", ""))).toEqual([
    "relay.yaml:1 version: is missing; expected 1, the only version there is",
  ]);
});

test("a key that is written twice is a fault beside all others, since one of the two would be lost", () => {
  expect(faultsOf(aConfig({ segment: ["region: us", "region: uk"] }))).toEqual([
    "relay.yaml:7: region is written twice at this place",
    expect.stringContaining("segment.region: expected one of us, eu"),
  ]);
});

test.each([
  ["a: [1, 2", "is not YAML"],
  ["version: 1\n\tworkspaces: {}", "the line begins with a tab"],
  ['a: "x" y', "something stands here that cannot"],
  ["a: *nowhere", "is not usable YAML: Unresolved alias"],
  ["a: &x [*x]", "a YAML alias stands inside of what it stands for"],
  ["version: 1\n---\nversion: 1", "begins a second YAML document"],
])("%j is refused without a stack trace: %s", (text, message) => {
  expect(faultsOf(text).join("\n")).toContain(message);
});

test("a reference in braces without quotes is refused with the remedy", () => {
  expect(faultsOf("version: 1\nredis: { url: ${REDIS_URL} }\n")).toEqual([
    expect.stringMatching(/^relay.yaml:2: is not YAML: .*\(in braces, "\$\{NAME\}" needs quotes\)$/),
  ]);
});

test("a YAML tag is refused: its value would be taken as if the tag were not there", () => {
  expect(faultsOf(aConfig({ segment: ["rateGroup: !env GROUP"] }))[0]).toMatch(/^relay.yaml:6: has a YAML tag/);
});

test("two connectors that select the same type are refused with the reason and both remedies", () => {
  const text = `${aConfig({ connector: ['events: ["users.messages.email.*"]'] })}
      clicks:
        source: { type: folder, path: ./clicks }
        events: ["users.*.Click"]
`;
  const [fault, ...more] = faultsOf(text);
  expect(more).toEqual([]);
  expect(fault).toContain(
    "relay.yaml:12 workspaces.acme.connectors.clicks.events: selects event types that the connector",
  );
  expect(fault).toContain('"engagement" selects too (users.messages.email.Click)');
  expect(fault).toContain("one connector's events would be dropped as the other's duplicates");
  expect(fault).toContain('Either narrow "events"');
  expect(fault).toContain("or set workspaces.acme.dedup.scope: connector");
  expect(faultsOf(text.replace("  acme:", "  acme:\n    dedup: { scope: connector }"))).toEqual([]);
  expect(faultsOf(text.replace("users.*.Click", "users.canvas.*"))).toEqual([]);
});

test("workspaces of one rate group must agree on its limit; others need not", () => {
  const two = (first: string, second: string) => `version: 1
workspaces:
  a:
    segment: { writeKey: k, ${first} }
    connectors: { c: { source: { type: folder, path: . } } }
  b:
    segment: { writeKey: k, ${second} }
    connectors: { c: { source: { type: folder, path: . } } }
`;
  expect(faultsOf(two("rateGroup: g, eventsPerSecond: 900", "rateGroup: g, eventsPerSecond: 500"))).toEqual([
    'relay.yaml:7 workspaces.b.segment.eventsPerSecond: the rate group "g" is limited to 900 by workspace "a"; give both the same number',
  ]);
  expect(faultsOf(two("rateGroup: g, eventsPerSecond: 900", "rateGroup: g, eventsPerSecond: 900"))).toEqual([]);
  expect(faultsOf(two("eventsPerSecond: 900", "eventsPerSecond: 500"))).toEqual([]);
});

test.each(["__proto__", "Acme", "a b", "-a", "a".repeat(49), "a:b"])("a workspace cannot be called %j", (name) => {
  const faults = faultsOf(aConfig().replace("  acme:", `  ${JSON.stringify(name)}:`));
  expect(faults).toContainEqual(
    expect.stringMatching(/^relay.yaml:3 workspaces.*(expected a name of|not possible as a name)/),
  );
});

test.each(["constructor", "to-string", "hasownproperty", "0", "42"])("a workspace may be called %s", (name) => {
  const { config } = goodConfig(aConfig().replace("  acme:", `  ${name}:`));
  expect(Object.keys(config.workspaces)).toEqual([name]);
  expect(config.workspaces[name]?.segment.region).toBe("us");
});

test("an event type that nobody knows today is allowed, and doubted", () => {
  const { doubts } = goodConfig(
    aConfig({
      connector: ['events: ["users.message.*", "users.messages.email.Clik"]', "eventNames: { users.new.Type: New }"],
    }),
  );
  expect(doubts).toEqual([
    `${file}:9 workspaces.acme.connectors.engagement.events[0]: users.message.* is none of the event types known today`,
    `${file}:9 workspaces.acme.connectors.engagement.events[1]: users.messages.email.Clik is none of the event types known today; did you mean users.messages.email.Click?`,
    expect.stringContaining('eventNames["users.new.Type"]: users.new.Type is none of the event types known today'),
  ]);
});

test.each(["ENOENT", "EISDIR"])("a file that cannot be read (%s) is one fault", (why) => {
  const folder = mkdtempSync(join(tmpdir(), "relay-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = why === "EISDIR" ? folder : join(folder, "relay.yaml");
  expect(loadConfig(path, noVariables)).toMatchObject({
    kind: "faulty",
    faults: [`${path}: cannot be read: ${why === "EISDIR" ? "it is a folder" : "it does not exist"}`],
  });
});
