import type { Dashboard } from "./dashboard.ts";
import { usedWindow, windowUsed } from "./overview.ts";
import { type Panel, row } from "./panel.ts";

const here = '{workspace="$workspace"}';
const max = (metric: string): string => `max(${metric}${here})`;

const clocks: Panel[] = [
  {
    kind: "stat",
    title: "Time to loss",
    description: "Until the oldest held event has waited expiry.after; the whole window while nothing is held.",
    width: 6,
    height: 5,
    unit: "dtdurations",
    queries: [{ expr: max("relay_expiry_remaining_seconds"), legend: "time to loss" }],
  },
  {
    kind: "stat",
    title: "Of the window, used",
    description: "Alerts at 50 % and 80 %.",
    width: 4,
    height: 5,
    unit: "percentunit",
    thresholds: usedWindow,
    queries: [{ expr: windowUsed(here), legend: "used" }],
  },
  {
    kind: "stat",
    title: "Clear in",
    description: "If all goes on as in the last minutes; infinite while the backlog does not shrink.",
    width: 4,
    height: 5,
    unit: "s",
    queries: [{ expr: max("relay_drain_forecast_seconds"), legend: "forecast" }],
  },
  {
    kind: "stat",
    title: "Outage open for",
    description: "0: none is.",
    width: 4,
    height: 5,
    unit: "s",
    thresholds: [
      { from: null, color: "green" },
      { from: 1, color: "red" },
    ],
    queries: [{ expr: max("relay_outage_age_seconds"), legend: "outage" }],
  },
  {
    kind: "stat",
    title: "Key verified",
    description: "Since when the settings endpoint has last known the write key; asked every minute while delivering.",
    width: 6,
    height: 5,
    unit: "s",
    queries: [{ expr: max("relay_key_verified_age_seconds"), legend: "ago" }],
  },
];

const outage: Panel[] = [
  {
    kind: "states",
    title: "State",
    description: "flowing is well; holding needs you; replaying clears by itself.",
    width: 12,
    height: 6,
    unit: "short",
    words: { "0": { text: "no", color: "text" }, "1": { text: "yes", color: "blue" } },
    queries: [{ expr: `max by (state) (relay_outage_state${here})`, legend: "{{state}}" }],
  },
  {
    kind: "states",
    title: "Held because",
    description: "What the settings endpoint or a delivery said of the credentials, or an operator's word.",
    width: 12,
    height: 6,
    unit: "short",
    words: { "0": { text: "no", color: "text" }, "1": { text: "yes", color: "red" } },
    queries: [{ expr: `max by (reason) (relay_hold_reason${here})`, legend: "{{reason}}" }],
  },
];

const backlog: Panel[] = [
  row("Backlog"),
  {
    kind: "lines",
    title: "Lag",
    description: "Age of the oldest event that is not delivered.",
    width: 8,
    height: 8,
    unit: "s",
    queries: [{ expr: max("relay_lag_seconds"), legend: "lag" }],
  },
  {
    kind: "stack",
    title: "Waiting and held",
    description: "Events by where they wait.",
    width: 8,
    height: 8,
    unit: "short",
    queries: [
      { expr: `max by (stage) (relay_backlog_events${here})`, legend: "{{stage}}" },
      { expr: max("relay_held_events"), legend: "held" },
    ],
  },
  {
    kind: "lines",
    title: "Rate, used and allowed",
    description: "Used close to allowed with a backlog: the limit is what makes it wait.",
    width: 8,
    height: 8,
    unit: "eps",
    queries: [
      { expr: max("relay_rate_used_events_per_second"), legend: "used" },
      { expr: max("relay_rate_allowed_events_per_second"), legend: "allowed" },
    ],
  },
  {
    kind: "lines",
    title: "Payload in Redis",
    description: "At its budget ingest waits for room.",
    width: 12,
    height: 7,
    unit: "bytes",
    queries: [
      { expr: max("relay_spool_bytes"), legend: "all" },
      { expr: max("relay_held_bytes"), legend: "held" },
      { expr: max("relay_quarantine_waiting_bytes"), legend: "quarantine" },
      { expr: max("relay_spool_budget_bytes"), legend: "budget" },
    ],
  },
  {
    kind: "lines",
    title: "Files that wait",
    description: "Found in the sources and not read to their end.",
    width: 12,
    height: 7,
    unit: "short",
    queries: [{ expr: max("relay_backlog_files"), legend: "files" }],
  },
];

const events: Panel[] = [
  row("Events"),
  {
    kind: "lines",
    title: "Events by stage and outcome",
    description: "Events a second. in is the sum of the others.",
    width: 12,
    height: 8,
    unit: "eps",
    queries: [
      {
        expr: `sum by (stage, outcome) (rate(relay_events_total${here}[$__rate_interval]))`,
        legend: "{{stage}} {{outcome}}",
      },
    ],
  },
  {
    kind: "lines",
    title: "Requests to Segment by verdict",
    description: "What each answer means.",
    width: 12,
    height: 8,
    unit: "reqps",
    queries: [
      {
        expr: `sum by (verdict) (rate(relay_segment_requests_total${here}[$__rate_interval]))`,
        legend: "{{verdict}}",
      },
    ],
  },
  {
    kind: "lines",
    title: "Notices to the contact",
    description:
      "Tries to tell of an outage, since the processes started. refused and given-up: tell the contact yourself.",
    width: 12,
    height: 8,
    unit: "short",
    queries: [{ expr: `sum by (channel, outcome) (relay_notices_total${here})`, legend: "{{channel}} {{outcome}}" }],
  },
  {
    kind: "bars",
    title: "Unknown event types",
    description: "Events a second of types that the catalog does not have, mapped by the general rules.",
    width: 12,
    height: 8,
    unit: "eps",
    queries: [{ expr: `sum(rate(relay_unknown_event_type_events_total${here}[$__rate_interval]))`, legend: "unknown" }],
  },
  {
    kind: "bars",
    title: "Set aside, by reason",
    description: "Events that ever went to quarantine. relay dlq show gives examples.",
    width: 12,
    height: 9,
    unit: "short",
    queries: [{ expr: `max by (reason) (relay_quarantined_events${here})`, legend: "{{reason}}" }],
  },
  {
    kind: "table",
    title: "Schemas seen",
    description: "How many different schemas Braze wrote an event type with, and when one last replaced another.",
    width: 12,
    height: 9,
    queries: [
      { expr: `max by (event_type) (relay_schema_fingerprints${here})` },
      { expr: `max by (event_type) (relay_schema_changed_timestamp_seconds${here}) * 1000` },
    ],
    columns: [
      { field: "event_type", title: "Event type" },
      { field: "Value #A", title: "Schemas" },
      { field: "Value #B", title: "Last change", unit: "dateTimeFromNow" },
    ],
  },
  {
    kind: "states",
    title: "Unaccounted for",
    description: "0: the counters of all stages add up.",
    width: 24,
    height: 6,
    unit: "short",
    thresholds: [
      { from: null, color: "green" },
      { from: 1, color: "red" },
    ],
    queries: [{ expr: `max by (check) (abs(relay_unaccounted_events${here}))`, legend: "{{check}}" }],
  },
];

export const workspace: Dashboard = {
  uid: "relay-workspace",
  title: "Relay: one workspace",
  description: "How one workspace's events are: held, waiting, set aside, delivered.",
  hasWorkspace: true,
  panels: [...clocks, ...outage, ...backlog, ...events],
};
