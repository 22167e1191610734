import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

/** Name and labels of every metric of ours: dashboards, alerts, autoscalers and people rely on them. */
const contract: Record<string, readonly string[]> = {
  relay_events_total: ["workspace", "stage", "outcome", "reason"],
  relay_files_total: ["workspace", "outcome"],
  relay_unknown_event_type_events_total: ["workspace"],
  relay_segment_requests_total: ["workspace", "verdict"],
  relay_segment_request_seconds: ["workspace"],
  relay_credential_checks_total: ["workspace", "result"],
  relay_notices_total: ["workspace", "channel", "outcome"],
  relay_source_listings_total: ["workspace", "connector", "outcome"],
  relay_source_listing_seconds: ["workspace", "connector"],
  relay_source_listed_timestamp_seconds: ["workspace", "connector"],
  relay_source_list_requests_total: ["workspace", "connector"],
  relay_source_files_found_total: ["workspace", "connector"],
  relay_source_reads_total: ["workspace", "connector", "outcome"],
  relay_source_read_bytes_total: ["workspace", "connector"],
  relay_config_current: [],
  relay_gauges_refreshed_timestamp_seconds: [],
  relay_lag_seconds: ["workspace"],
  relay_backlog_events: ["workspace", "stage"],
  relay_backlog_files: ["workspace"],
  relay_drain_forecast_seconds: ["workspace"],
  relay_rate_used_events_per_second: ["workspace"],
  relay_rate_allowed_events_per_second: ["workspace"],
  relay_http_requests_total: ["workspace", "connector", "answer"],
  relay_ingest_paused: ["workspace", "what", "reason"],
  relay_spool_bytes: ["workspace"],
  relay_suspect_events: ["workspace"],
  relay_spool_budget_bytes: ["workspace"],
  relay_unaccounted_events: ["workspace", "check"],
  relay_outage_state: ["workspace", "state"],
  relay_outage_age_seconds: ["workspace"],
  relay_hold_reason: ["workspace", "reason"],
  relay_key_verified_age_seconds: ["workspace"],
  relay_expiry_remaining_seconds: ["workspace"],
  relay_expiry_window_seconds: ["workspace", "then"],
  relay_held_events: ["workspace"],
  relay_held_bytes: ["workspace"],
  relay_quarantined_events: ["workspace", "reason"],
  relay_quarantine_waiting_events: ["workspace"],
  relay_quarantine_waiting_bytes: ["workspace"],
  relay_schema_fingerprints: ["workspace", "event_type"],
  relay_schema_changed_timestamp_seconds: ["workspace", "event_type"],
  relay_desired_workers: ["stage"],
  relay_workers: ["stage"],
  relay_worker_capacity_events_per_second: ["stage"],
  relay_redis_memory_bytes: [],
  relay_redis_memory_limit_bytes: [],
};

/** What prom-client keeps of a metric beside its values. */
interface Described {
  name: string;
  help: string;
  type: string;
  labelNames: string[];
}
const ours = (): Described[] =>
  // The fields above are set by every metric's constructor; prom-client's types leave them out.
  (createMetrics().registry.getMetricsAsArray() as unknown as Described[]).filter(({ name }) =>
    name.startsWith("relay_"),
  );

test("the metrics are those of the contract, with its labels", () => {
  const found = Object.fromEntries(ours().map(({ name, labelNames }) => [name, labelNames]));
  expect(found).toEqual(contract);
});

test("each has a help text of its own that is a sentence", () => {
  const helps = ours().map(({ help }) => help);
  expect(new Set(helps).size).toBe(helps.length);
  for (const help of helps) expect(help).toMatch(/^[A-Z0-9].{19,}[^.]$/);
});

test("only counters end in _total, and no metric names a unit that is not a base unit", async () => {
  const types = await createMetrics().registry.getMetricsAsJSON();
  for (const { name, type } of types.filter((metric) => metric.name.startsWith("relay_"))) {
    expect(name.endsWith("_total"), name).toBe(String(type) === "counter");
    expect(name).not.toMatch(/milliseconds|minutes|hours|_ms|megabytes|percent/);
  }
});

test("the process tells of itself too: memory, CPU, event loop", () => {
  const names = createMetrics()
    .registry.getMetricsAsArray()
    .map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      "process_resident_memory_bytes",
      "process_cpu_seconds_total",
      "nodejs_eventloop_lag_seconds",
    ]),
  );
});
