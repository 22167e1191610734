import type { Metrics } from "@currents-relay/shared/runtime/metrics.ts";
import type { SegmentTransport } from "../transport.ts";

/** The same sending, timed: from the first byte of the request to what came of it, whatever that was. */
export const timedSend =
  (send: SegmentTransport["send"], { segmentSeconds }: Metrics, workspace: string): SegmentTransport["send"] =>
  async (batch, signal) => {
    const startedMs = performance.now();
    try {
      return await send(batch, signal);
    } finally {
      segmentSeconds.observe({ workspace }, (performance.now() - startedMs) / 1_000);
    }
  };
