import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** Every metric that we export, with its help text. Names and labels are a contract (DESIGN section 8). */
export const createMetrics = () => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    events: new Counter({
      registers,
      name: "relay_events_total",
      help: "Events by the end they came to at a stage; outcome is in, ok, dropped or quarantined",
      labelNames: ["workspace", "stage", "outcome", "reason"] as const,
    }),
    files: new Counter({
      registers,
      name: "relay_files_total",
      help: "Files read to their end; outcome is done or quarantined",
      labelNames: ["workspace", "outcome"] as const,
    }),
    segmentRequests: new Counter({
      registers,
      name: "relay_segment_requests_total",
      help: "Requests to Segment by what their answer means",
      labelNames: ["workspace", "verdict"] as const,
    }),
    segmentSeconds: new Histogram({
      registers,
      name: "relay_segment_request_seconds",
      help: "Time from the first byte of a request to Segment to the last byte of its answer",
      labelNames: ["workspace"] as const,
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    }),
    unknownTypes: new Counter({
      registers,
      name: "relay_unknown_event_type_events_total",
      help: "Events of a type that the catalog does not have, mapped by the general rules",
      labelNames: ["workspace"] as const,
    }),
    outageState: new Gauge({
      registers,
      name: "relay_outage_state",
      help: "1 for the state that the workspace is in: unverified, flowing, holding or replaying",
      labelNames: ["workspace", "state"] as const,
    }),
  };
};

export type Metrics = ReturnType<typeof createMetrics>;
