import { segmentLimits, type TrackCall } from "@currents-relay/shared/contracts/call.ts";
import { ok, quarantine, type Outcome } from "@currents-relay/shared/core/outcome.ts";

/** A call as it goes over the wire: serialised once, here, and never again. */
export interface SerialisedCall {
  /** UTF-8. */
  json: Buffer;
}

/**
 * Serialises a call (one that direct-mapper.ts wrote is serialised already) and refuses one that Segment would: over
 * 32 KB (Segment HTTP API, "Errors"). It is not cut.
 */
export const serialiseCall = (call: TrackCall | Buffer): Outcome<Buffer> => {
  const json = call instanceof Uint8Array ? call : Buffer.from(JSON.stringify(call));
  if (json.length > segmentLimits.maxCallBytes)
    return quarantine(
      "call-too-large",
      new Error(`the call has ${json.length} bytes, Segment takes ${segmentLimits.maxCallBytes}`),
    );
  return ok(json);
};
