import type { Dashboard } from "./dashboard.ts";
import { type Panel, row } from "./panel.ts";

export type StageName = "ingest" | "transform" | "deliver";

const third = { width: 8, height: 8 };
const half = { width: 12, height: 8 };

const eventsOf = (stage: StageName): Panel[] => [
  {
    ...half,
    kind: "lines",
    title: "Events by outcome",
    description: "Events a second that came to an end at this stage.",
    unit: "eps",
    queries: [
      {
        expr: `sum by (outcome) (rate(relay_events_total{stage="${stage}"}[$__rate_interval]))`,
        legend: "{{outcome}}",
      },
    ],
  },
  {
    ...half,
    kind: "lines",
    title: "Events by workspace",
    description: "Events a second that the stage took.",
    unit: "eps",
    queries: [
      {
        expr: `sum by (workspace) (rate(relay_events_total{stage="${stage}", outcome="in"}[$__rate_interval]))`,
        legend: "{{workspace}}",
      },
    ],
  },
];

const processesOf = (stage: StageName): Panel[] => [
  row("Processes"),
  {
    ...third,
    kind: "lines",
    title: "Workers, running and desired",
    description: "Desired: backlog and arrivals over what one process carries. An autoscaler follows it.",
    unit: "short",
    queries: [
      { expr: `max(relay_workers{stage="${stage}"})`, legend: "running" },
      { expr: `max(relay_desired_workers{stage="${stage}"})`, legend: "desired" },
    ],
  },
  {
    ...third,
    kind: "lines",
    title: "What one process carries",
    description: "Learned while there is more work than the stage can do.",
    unit: "eps",
    queries: [{ expr: `max(relay_worker_capacity_events_per_second{stage="${stage}"})`, legend: "events a second" }],
  },
  {
    ...third,
    kind: "lines",
    title: "CPU",
    description: "Seconds a second of each process; JavaScript has one core.",
    unit: "percentunit",
    queries: [
      { expr: `rate(process_cpu_seconds_total{job="relay-${stage}"}[$__rate_interval])`, legend: "{{instance}}" },
    ],
  },
  {
    ...half,
    kind: "lines",
    title: "Memory",
    description: "Resident memory of each process: it does not grow with the size of a file.",
    unit: "bytes",
    queries: [{ expr: `process_resident_memory_bytes{job="relay-${stage}"}`, legend: "{{instance}}" }],
  },
  {
    ...half,
    kind: "lines",
    title: "Event loop delay, p99",
    description: "Above a few hundred ms the process is short of CPU.",
    unit: "s",
    queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{job="relay-${stage}"}`, legend: "{{instance}}" }],
  },
];

const ingest: Panel[] = [
  {
    ...third,
    kind: "lines",
    title: "Files that wait",
    description: "Found and not read to their end.",
    unit: "short",
    queries: [{ expr: "max by (workspace) (relay_backlog_files)", legend: "{{workspace}}" }],
  },
  {
    ...third,
    kind: "lines",
    title: "Files read",
    description: "Files a second by their end.",
    unit: "short",
    queries: [
      { expr: "sum by (outcome) (rate(relay_files_total[$__rate_interval]))", legend: "{{outcome}}" },
      { expr: "sum(rate(relay_source_files_found_total[$__rate_interval]))", legend: "found" },
    ],
  },
  {
    ...third,
    kind: "lines",
    title: "Bytes read",
    description: "From the sources, as stored.",
    unit: "Bps",
    queries: [
      {
        expr: "sum by (workspace, connector) (rate(relay_source_read_bytes_total[$__rate_interval]))",
        legend: "{{workspace}}/{{connector}}",
      },
    ],
  },
  {
    ...third,
    kind: "lines",
    title: "Listings by outcome",
    description: "denied: the rights or credentials are not enough. failed: all else.",
    unit: "short",
    queries: [
      { expr: "sum by (outcome) (rate(relay_source_listings_total[$__rate_interval]))", legend: "listing {{outcome}}" },
      { expr: "sum by (outcome) (rate(relay_source_reads_total[$__rate_interval]))", legend: "reading {{outcome}}" },
    ],
  },
  {
    ...third,
    kind: "lines",
    title: "HTTP requests",
    description:
      "Of Braze's Custom HTTP connectors, by what became of them. failed: Redis did not take it; Braze sends it again.",
    unit: "short",
    queries: [{ expr: "sum by (answer) (rate(relay_http_requests_total[$__rate_interval]))", legend: "{{answer}}" }],
  },
  {
    ...third,
    kind: "lines",
    title: "Paused",
    description: "Who may bring nothing more into Redis now: objects (new files), requests (HTTP), and why.",
    unit: "short",
    queries: [
      { expr: "max by (workspace, what, reason) (relay_ingest_paused)", legend: "{{workspace}} {{what}}: {{reason}}" },
    ],
  },
  {
    ...third,
    kind: "lines",
    title: "Last good listing",
    description: "How long ago each source was listed to its end.",
    unit: "s",
    queries: [
      {
        expr: "time() - max by (workspace, connector) (relay_source_listed_timestamp_seconds)",
        legend: "{{workspace}}/{{connector}}",
      },
    ],
  },
  {
    ...third,
    kind: "lines",
    title: "Cost of listing",
    description: "Time of one listing (p95), and requests to the store.",
    unit: "s",
    queries: [
      {
        expr: "histogram_quantile(0.95, sum by (le, connector) (rate(relay_source_listing_seconds_bucket[$__rate_interval])))",
        legend: "p95 {{connector}}",
      },
      { expr: "sum(rate(relay_source_list_requests_total[$__rate_interval]))", legend: "requests a second" },
    ],
  },
  {
    ...half,
    kind: "bars",
    title: "Spool, of its budget",
    description: "At 90 % ingest waits for room: the files stay in the source.",
    unit: "percentunit",
    max: 1,
    thresholds: [
      { from: null, color: "green" },
      { from: 0.7, color: "orange" },
      { from: 0.9, color: "red" },
    ],
    queries: [
      {
        expr: "max by (workspace) (relay_spool_bytes) / on (workspace) max by (workspace) (relay_spool_budget_bytes)",
        legend: "{{workspace}}",
      },
    ],
  },
];

const transform: Panel[] = [
  {
    ...third,
    kind: "lines",
    title: "Backlog",
    description: "Events that wait to be mapped.",
    unit: "short",
    queries: [{ expr: 'max by (workspace) (relay_backlog_events{stage="transform"})', legend: "{{workspace}}" }],
  },
  {
    ...third,
    kind: "lines",
    title: "Unknown event types",
    description: "Events of types that the catalog does not have; mapped by the general rules.",
    unit: "eps",
    queries: [
      {
        expr: "sum by (workspace) (rate(relay_unknown_event_type_events_total[$__rate_interval]))",
        legend: "{{workspace}}",
      },
    ],
  },
  {
    ...third,
    kind: "bars",
    title: "Dropped, by reason",
    description: "By rule; nobody need act. Events since the processes started.",
    unit: "short",
    queries: [
      {
        expr: 'sum by (reason) (relay_events_total{stage="transform", outcome="dropped"})',
        legend: "{{reason}}",
      },
    ],
  },
  {
    width: 24,
    height: 8,
    kind: "table",
    title: "Schemas",
    description: "How many schemas Braze has written each event type with, and when one last replaced another.",
    queries: [
      { expr: "max by (workspace, event_type) (relay_schema_fingerprints)" },
      { expr: "max by (workspace, event_type) (relay_schema_changed_timestamp_seconds) * 1000" },
    ],
    columns: [
      { field: "workspace", title: "Workspace" },
      { field: "event_type", title: "Event type" },
      { field: "Value #A", title: "Schemas" },
      { field: "Value #B", title: "Last change", unit: "dateTimeFromNow" },
    ],
  },
];

const deliver: Panel[] = [
  {
    ...third,
    kind: "lines",
    title: "Requests to Segment by verdict",
    description: "delivered is well; the others say what their answers mean.",
    unit: "reqps",
    queries: [
      { expr: "sum by (verdict) (rate(relay_segment_requests_total[$__rate_interval]))", legend: "{{verdict}}" },
    ],
  },
  {
    ...third,
    kind: "lines",
    title: "Latency of Segment",
    description: "From the first byte of a request to the last of its answer.",
    unit: "s",
    queries: [0.5, 0.95, 0.99].map((quantile) => ({
      expr: `histogram_quantile(${quantile}, sum by (le) (rate(relay_segment_request_seconds_bucket[$__rate_interval])))`,
      legend: `p${quantile * 100}`,
    })),
  },
  {
    ...third,
    kind: "lines",
    title: "Rate, of what is allowed",
    description: "1: the limit is in full use.",
    unit: "percentunit",
    queries: [
      {
        expr: "max by (workspace) (relay_rate_used_events_per_second) / on (workspace) max by (workspace) (relay_rate_allowed_events_per_second)",
        legend: "{{workspace}}",
      },
    ],
  },
  {
    ...third,
    kind: "lines",
    title: "Backlog",
    description: "Events that wait to be sent.",
    unit: "short",
    queries: [{ expr: 'max by (workspace) (relay_backlog_events{stage="deliver"})', legend: "{{workspace}}" }],
  },
  {
    ...third,
    kind: "stack",
    title: "Held",
    description: "Events in the dead-letter queues.",
    unit: "short",
    queries: [{ expr: "max by (workspace) (relay_held_events)", legend: "{{workspace}}" }],
  },
  {
    ...third,
    kind: "lines",
    title: "Checks of write keys",
    description: "Answers of the settings endpoint a second.",
    unit: "short",
    queries: [
      { expr: "sum by (result) (rate(relay_credential_checks_total[$__rate_interval]))", legend: "{{result}}" },
    ],
  },
];

const own: Record<StageName, { panels: Panel[]; question: string }> = {
  ingest: { panels: ingest, question: "Are the sources listed and read, and is there room for what they hold?" },
  transform: { panels: transform, question: "Is everything mapped, and did Braze change anything?" },
  deliver: { panels: deliver, question: "What does Segment say, how fast are we, and what waits?" },
};

export const stage = (name: StageName): Dashboard => ({
  uid: `relay-${name}`,
  title: `Relay: ${name}`,
  description: own[name].question,
  panels: [...eventsOf(name), row(name), ...own[name].panels, ...processesOf(name)],
});
