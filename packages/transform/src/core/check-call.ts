import { segmentLimits, type TrackCall } from "@currents-relay/shared/contracts/call.ts";
import { ok, quarantine, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import { callText, type CallText } from "./call-text.ts";

/** A call as it goes over the wire: serialised once, here, and never again. */
export interface SerialisedCall {
  json: CallText;
}

/**
 * Serialises a call (one that direct-mapper.ts wrote is serialised already) and refuses one that Segment would: over
 * 32 KB (Segment HTTP API, "Errors"). It is not cut.
 */
export const serialiseCall = (call: TrackCall | CallText): Outcome<CallText> => {
  const json = "page" in call ? call : callText(JSON.stringify(call));
  const bytes = json.end - json.start;
  if (bytes > segmentLimits.maxCallBytes)
    return quarantine(
      "call-too-large",
      new Error(`the call has ${bytes} bytes, Segment takes ${segmentLimits.maxCallBytes}`),
    );
  return ok(json);
};
