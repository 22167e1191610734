import { segmentLimits } from "@currents-relay/shared/contracts/call.ts";
import { ok, quarantine, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import type { CallText } from "./call-text.ts";

/** A call as it goes over the wire: serialised once (mapped-events.ts), and never again. */
export interface SerialisedCall {
  json: CallText;
}

/** Refuses a call that Segment would: over 32 KB (Segment HTTP API, "Errors"). It is not cut. */
export const checkCall = (json: CallText): Outcome<CallText> => {
  const bytes = json.end - json.start;
  if (bytes > segmentLimits.maxCallBytes)
    return quarantine(
      "call-too-large",
      new Error(`the call has ${bytes} bytes, Segment takes ${segmentLimits.maxCallBytes}`),
    );
  return ok(json);
};
