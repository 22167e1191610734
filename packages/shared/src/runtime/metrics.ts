import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { eventLoopLag, withoutItsOwnLag } from "./event-loop-lag.ts";

/**
 * Every metric that we export, with its help text: names and labels are a contract (DESIGN section 8). Labels come
 * from the configuration and from closed lists, so their number is bounded. Counters are of one process: sum over the
 * pods. Gauges (all but those under `process`) tell what Redis knows: every pod shows the same, so `max` is right.
 */
export const createMetrics = () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, ...withoutItsOwnLag });
  eventLoopLag(registry);
  const scrape: Scrape = { prepare: () => undefined };
  const make = makersFor(registry, scrape);
  const workspace = {
    ...workspaceGauges(make),
    ...outageGauges(make),
    ...setAsideGauges(make),
    ...schemaGauges(make),
  };
  return {
    registry,
    scrape,
    ...flowCounters(make),
    ...segmentMetrics(make),
    ...sourceMetrics(make),
    process: processGauges(make),
    workspace,
    stage: stageGauges(make),
    redis: redisGauges(make),
  };
};

export type Metrics = ReturnType<typeof createMetrics>;

/** What is done before the gauges are read. */
interface Scrape {
  prepare: () => void;
}

const makersFor = (registry: Registry, scrape: Scrape) => {
  const registers = [registry];
  return {
    counter: <Label extends string>(name: string, help: string, labelNames: Label[]) =>
      new Counter({ registers, name, help, labelNames }),
    gauge: <Label extends string>(name: string, help: string, labelNames: Label[]) =>
      new Gauge({ registers, name, help, labelNames, collect: () => scrape.prepare() }),
    seconds: <Label extends string>(name: string, help: string, labelNames: Label[]) =>
      new Histogram({
        registers,
        name,
        help,
        labelNames,
        buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      }),
  };
};
type Makers = ReturnType<typeof makersFor>;

const flowCounters = ({ counter }: Makers) => ({
  events: counter(
    "relay_events_total",
    "Events by the end they came to at a stage; outcome is in, ok, dropped, quarantined or archived, and in is the sum of the others",
    ["workspace", "stage", "outcome", "reason"],
  ),
  files: counter("relay_files_total", "Files read to their end; outcome is done or quarantined", [
    "workspace",
    "outcome",
  ]),
  unknownTypes: counter(
    "relay_unknown_event_type_events_total",
    "Events of a type that the catalog does not have, mapped by the general rules",
    ["workspace"],
  ),
});

const segmentMetrics = ({ counter, seconds }: Makers) => ({
  segmentRequests: counter("relay_segment_requests_total", "Requests to Segment by what their answer means", [
    "workspace",
    "verdict",
  ]),
  segmentSeconds: seconds(
    "relay_segment_request_seconds",
    "Time from the first byte of a request to Segment to the last byte of its answer",
    ["workspace"],
  ),
  notices: counter("relay_notices_total", "Tries to tell of an outage; outcome is sent, failed, refused or given-up", [
    "workspace",
    "channel",
    "outcome",
  ]),
  credentialChecks: counter(
    "relay_credential_checks_total",
    "Answers of the settings endpoint on the write key; result is known, unknown or undecided",
    ["workspace", "result"],
  ),
});

const sourceMetrics = ({ counter, gauge, seconds }: Makers) => ({
  sourceListings: counter(
    "relay_source_listings_total",
    "Listings of a source; outcome is ok, denied (our credentials or rights) or failed (all else)",
    ["workspace", "connector", "outcome"],
  ),
  sourceListingSeconds: seconds("relay_source_listing_seconds", "Time that one listing of a source took", [
    "workspace",
    "connector",
  ]),
  sourceListed: gauge(
    "relay_source_listed_timestamp_seconds",
    "When this process last listed the source to its end (UNIX time)",
    ["workspace", "connector"],
  ),
  sourceListRequests: counter("relay_source_list_requests_total", "Requests that listings of a bucket were made of", [
    "workspace",
    "connector",
  ]),
  sourceFound: counter("relay_source_files_found_total", "Files that nobody had seen before", [
    "workspace",
    "connector",
  ]),
  sourceReads: counter(
    "relay_source_reads_total",
    "Readings of one object, a part of it or all; outcome is ok, denied or failed",
    ["workspace", "connector", "outcome"],
  ),
  httpRequests: counter(
    "relay_http_requests_total",
    "Requests of Braze's Custom HTTP connector, by what became of them; without workspace: at no connector's address",
    ["workspace", "connector", "answer"],
  ),
  ingestPaused: gauge(
    "relay_ingest_paused",
    "1 while the workspace may bring nothing more into Redis: objects (60 % of its memory) or requests (85 %)",
    ["workspace", "what", "reason"],
  ),
  sourceReadBytes: counter("relay_source_read_bytes_total", "Bytes read from a source, as stored", [
    "workspace",
    "connector",
  ]),
});

const processGauges = ({ gauge }: Makers) => ({
  configCurrent: gauge(
    "relay_config_current",
    "1 while the configuration file is the one in force; 0 after a change of it was refused",
    [],
  ),
  gaugesRefreshed: gauge(
    "relay_gauges_refreshed_timestamp_seconds",
    "When this process last read the gauges' values from Redis (UNIX time)",
    [],
  ),
});

const workspaceGauges = ({ gauge }: Makers) => ({
  lag: gauge("relay_lag_seconds", "Age of the oldest event that is not delivered, from its landing in the source", [
    "workspace",
  ]),
  backlogEvents: gauge(
    "relay_backlog_events",
    "Events handed to the stage and not at an end there; held and quarantined ones are not counted",
    ["workspace", "stage"],
  ),
  backlogFiles: gauge("relay_backlog_files", "Files found in the sources and not read to their end", ["workspace"]),
  drainForecast: gauge(
    "relay_drain_forecast_seconds",
    "Time until the backlog (waiting and held) is gone, if all goes on as in the last minutes; +Inf if it does not shrink",
    ["workspace"],
  ),
  rateUsed: gauge("relay_rate_used_events_per_second", "Events delivered a second, over the last minutes", [
    "workspace",
  ]),
  rateAllowed: gauge("relay_rate_allowed_events_per_second", "The configured segment.eventsPerSecond", ["workspace"]),
  spoolBytes: gauge("relay_spool_bytes", "Payload of the workspace that waits in Redis, compressed", ["workspace"]),
  spoolBudget: gauge("relay_spool_budget_bytes", "The configured spoolBudget, at which ingest slows down", [
    "workspace",
  ]),
  unaccountedEvents: gauge(
    "relay_unaccounted_events",
    "Events by which the counters of neighbouring stages have differed for over a minute; 0 unless events went missing (above) or were made twice (below)",
    ["workspace", "check"],
  ),
});

const outageGauges = ({ gauge }: Makers) => ({
  outageState: gauge(
    "relay_outage_state",
    "1 for the state that the workspace is in: unverified, flowing, holding or replaying",
    ["workspace", "state"],
  ),
  outageAge: gauge("relay_outage_age_seconds", "How long the outage is open; 0 when none is", ["workspace"]),
  holdReason: gauge("relay_hold_reason", "1 for the reason for which the workspace's events are held now", [
    "workspace",
    "reason",
  ]),
  keyVerifiedAge: gauge(
    "relay_key_verified_age_seconds",
    "Since when the settings endpoint has last known the write key; no value if it never did or is not asked",
    ["workspace"],
  ),
  expiryRemaining: gauge(
    "relay_expiry_remaining_seconds",
    "Time until the oldest held event has waited expiry.after; the whole of it when none is held, below 0 when it is over",
    ["workspace"],
  ),
  expiryWindow: gauge("relay_expiry_window_seconds", "The configured expiry.after; then is what happens at its end", [
    "workspace",
    "then",
  ]),
});

const setAsideGauges = ({ gauge }: Makers) => ({
  suspectEvents: gauge(
    "relay_suspect_events",
    "Events that Segment answered 200 to right before their write key was found to be unknown: it may have thrown them away",
    ["workspace"],
  ),
  heldEvents: gauge("relay_held_events", "Events in the dead-letter queue: held in an outage, or waiting for replay", [
    "workspace",
  ]),
  heldBytes: gauge(
    "relay_held_bytes",
    "Payload of the held events in Redis, compressed: their share of the spool by number",
    ["workspace"],
  ),
  quarantinedEvents: gauge(
    "relay_quarantined_events",
    "Events that were ever set aside for the reason; those that cannot be counted (an unreadable file) are not in it",
    ["workspace", "reason"],
  ),
  quarantineEvents: gauge("relay_quarantine_waiting_events", "Events in quarantine now, waiting for an operator", [
    "workspace",
  ]),
  quarantineBytes: gauge(
    "relay_quarantine_waiting_bytes",
    "Payload of the events in quarantine now, compressed: their share of the spool by number",
    ["workspace"],
  ),
});

const schemaGauges = ({ gauge }: Makers) => ({
  schemas: gauge("relay_schema_fingerprints", "Different schemas that were seen of the event type", [
    "workspace",
    "event_type",
  ]),
  schemaChanged: gauge(
    "relay_schema_changed_timestamp_seconds",
    "When a schema that had not been seen before replaced one that had (UNIX time); 0 while there was only one",
    ["workspace", "event_type"],
  ),
});

const stageGauges = ({ gauge }: Makers) => ({
  desiredWorkers: gauge(
    "relay_desired_workers",
    "Processes that the stage needs to keep up and to clear its backlog in the drain target; held work is not counted",
    ["stage"],
  ),
  workers: gauge("relay_workers", "Processes that run the stage and are ready, by what they said in the last seconds", [
    "stage",
  ]),
  workerCapacity: gauge(
    "relay_worker_capacity_events_per_second",
    "Events a second that one process of the stage carries, measured whenever it has more work than it can do",
    ["stage"],
  ),
});

const redisGauges = ({ gauge }: Makers) => ({
  memoryBytes: gauge("relay_redis_memory_bytes", "Memory in use by Redis (used_memory)", []),
  memoryLimit: gauge("relay_redis_memory_limit_bytes", "Redis' maxmemory; 0 when there is no limit", []),
});
