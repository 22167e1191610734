import { alertActionsMarkdown } from "./alert-actions.ts";
import type { Dashboard } from "./dashboard.ts";
import { type Panel, row, type Threshold } from "./panel.ts";

export const usedWindow: Threshold[] = [
  { from: null, color: "green" },
  { from: 0.5, color: "orange" },
  { from: 0.8, color: "red" },
];
const late: Threshold[] = [
  { from: null, color: "text" },
  { from: 300, color: "orange" },
  { from: 900, color: "red" },
];
const anyIsBad: Threshold[] = [
  { from: null, color: "text" },
  { from: 1, color: "orange" },
];

const perWorkspace = (metric: string): string => `max by (workspace) (${metric})`;
export const windowUsed = (selector = ""): string =>
  `1 - max by (workspace) (relay_expiry_remaining_seconds${selector}) / on (workspace) max by (workspace) (relay_expiry_window_seconds${selector})`;

const clocks: Panel[] = [
  {
    kind: "stat",
    title: "Time to loss",
    description:
      "Until the oldest held event has waited expiry.after. While nothing is held, that is the whole window. Red: act now.",
    width: 14,
    height: 6,
    unit: "dtdurations",
    thresholds: [
      { from: null, color: "red" },
      { from: 6 * 3_600, color: "orange" },
      { from: 24 * 3_600, color: "green" },
    ],
    queries: [{ expr: `sort(${perWorkspace("relay_expiry_remaining_seconds")})`, legend: "{{workspace}}" }],
  },
  {
    kind: "bars",
    title: "Of the window, used",
    description: "Alerts at 50 % and 80 %. Nothing held: 0.",
    width: 10,
    height: 6,
    unit: "percentunit",
    max: 1,
    thresholds: usedWindow,
    queries: [{ expr: `sort_desc(${windowUsed()})`, legend: "{{workspace}}" }],
  },
];

const workspaces: Panel = {
  kind: "table",
  title: "For whom, when, and why",
  description: "One line for each workspace: its state, why its events are held, and when they would be lost.",
  width: 24,
  height: 8,
  queries: [
    { expr: "max by (workspace, state) (relay_outage_state) == 1" },
    { expr: perWorkspace("relay_expiry_remaining_seconds") },
    { expr: windowUsed() },
    { expr: "max by (workspace, then) (relay_expiry_window_seconds)" },
    { expr: perWorkspace("relay_lag_seconds") },
    { expr: perWorkspace("relay_held_events") },
    { expr: "sum by (workspace) (max by (workspace, stage) (relay_backlog_events))" },
    { expr: perWorkspace("relay_drain_forecast_seconds") },
    { expr: perWorkspace("relay_rate_used_events_per_second") },
    { expr: perWorkspace("relay_rate_allowed_events_per_second") },
    { expr: perWorkspace("relay_quarantine_waiting_events") },
  ],
  columns: [
    { field: "workspace", title: "Workspace" },
    { field: "state", title: "State" },
    { field: "Value #B", title: "Time to loss", unit: "dtdurations" },
    { field: "Value #C", title: "Window used", unit: "percentunit", thresholds: usedWindow },
    { field: "then", title: "Then" },
    { field: "Value #E", title: "Lag", unit: "s", thresholds: late },
    { field: "Value #F", title: "Held", unit: "short", thresholds: anyIsBad },
    { field: "Value #G", title: "Backlog", unit: "short" },
    { field: "Value #H", title: "Clear in", unit: "s" },
    { field: "Value #I", title: "Rate", unit: "eps" },
    { field: "Value #J", title: "Allowed", unit: "eps" },
    { field: "Value #K", title: "Quarantine", unit: "short", thresholds: anyIsBad },
  ],
};

const whatToDo: Panel[] = [
  {
    kind: "table",
    title: "Firing now",
    description: "Alerts of Prometheus. Empty: nothing asks for you.",
    width: 10,
    height: 10,
    queries: [{ expr: 'ALERTS{alertstate="firing", alertname=~"Relay.*"}' }],
    columns: [
      { field: "severity", title: "Severity" },
      { field: "alertname", title: "Alert" },
      { field: "workspace", title: "Workspace" },
      { field: "reason", title: "Reason" },
      { field: "stage", title: "Stage" },
      { field: "connector", title: "Connector" },
    ],
  },
  {
    kind: "text",
    title: "What to do",
    description: "The first step for each alert.",
    width: 14,
    height: 10,
    markdown: alertActionsMarkdown(),
  },
];

const flow: Panel[] = [
  {
    kind: "lines",
    title: "Delivered and taken in",
    description: "Events a second over all workspaces. The lines lie on each other while all is well.",
    width: 8,
    height: 8,
    unit: "eps",
    queries: [
      { expr: 'sum(rate(relay_events_total{stage="ingest", outcome="ok"}[$__rate_interval]))', legend: "taken in" },
      { expr: 'sum(rate(relay_events_total{stage="deliver", outcome="ok"}[$__rate_interval]))', legend: "delivered" },
    ],
  },
  {
    kind: "lines",
    title: "Lag",
    description: "Age of the oldest event that is not delivered. In an outage it grows a second a second.",
    width: 8,
    height: 8,
    unit: "s",
    queries: [{ expr: perWorkspace("relay_lag_seconds"), legend: "{{workspace}}" }],
  },
  {
    kind: "stack",
    title: "Held",
    description: "Events in the dead-letter queues: held in an outage, or waiting for their replay.",
    width: 8,
    height: 8,
    unit: "short",
    queries: [{ expr: perWorkspace("relay_held_events"), legend: "{{workspace}}" }],
  },
];

const machinery: Panel[] = [
  row("Machinery"),
  {
    kind: "lines",
    title: "Workers, running and desired",
    description: "Desired above running for long: scale the stage.",
    width: 8,
    height: 7,
    unit: "short",
    queries: [
      { expr: "max by (stage) (relay_workers)", legend: "{{stage}} running" },
      { expr: "max by (stage) (relay_desired_workers)", legend: "{{stage}} desired" },
    ],
  },
  {
    kind: "lines",
    title: "Redis memory",
    description: "At its limit nothing more is accepted: the files then wait in the source.",
    width: 8,
    height: 7,
    unit: "bytes",
    queries: [
      { expr: "max(relay_redis_memory_bytes)", legend: "used" },
      { expr: "max(relay_redis_memory_limit_bytes)", legend: "limit" },
    ],
  },
  {
    kind: "states",
    title: "Conservation",
    description: "0: every event that went in is somewhere. Anything else: see the runbook.",
    width: 8,
    height: 7,
    unit: "short",
    thresholds: [
      { from: null, color: "green" },
      { from: 1, color: "red" },
    ],
    queries: [{ expr: "max by (workspace) (abs(relay_unaccounted_events))", legend: "{{workspace}}" }],
  },
];

export const overview: Dashboard = {
  uid: "relay-overview",
  title: "Relay: overview",
  description: "Is anything about to be lost, for whom, when, and what do I do?",
  panels: [...clocks, workspaces, ...whatToDo, ...flow, ...machinery],
};
