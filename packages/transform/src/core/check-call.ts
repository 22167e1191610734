import { segmentLimits, type TrackCall } from "@currents-relay/shared/contracts/call.ts";
import { ok, quarantine, type Outcome } from "@currents-relay/shared/core/outcome.ts";

/** A call as it goes over the wire: serialised once, here, and never again. */
export interface SerialisedCall {
  json: string;
  /** Length of `json` in UTF-8. */
  bytes: number;
}

/** Serialises a call and refuses one that Segment would: over 32 KB (Segment HTTP API, "Errors"). It is not cut. */
export const serialiseCall = (call: TrackCall): Outcome<SerialisedCall> => {
  const json = JSON.stringify(call);
  const bytes = Buffer.byteLength(json);
  if (bytes > segmentLimits.maxCallBytes)
    return quarantine(
      "call-too-large",
      new Error(`the call has ${bytes} bytes, Segment takes ${segmentLimits.maxCallBytes}`),
    );
  return ok({ json, bytes });
};
