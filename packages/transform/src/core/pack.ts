import { batchLimits } from "@currents-relay/shared/contracts/call.ts";
import type { SerialisedCall } from "./check-call.ts";

/** One request body, still without its envelope. */
export interface Body<Call extends SerialisedCall> {
  calls: Call[];
  /** Length in UTF-8 of {@link bodyText}. */
  bytes: number;
}

/** JSON never holds a bare line feed, so a body can be taken apart again at these. */
export const callSeparator = ",\n";

/**
 * Groups calls into request bodies, in order and each call in exactly one. Limits: `batchLimits`, separators counted.
 * A call over the limit by itself is a caller's bug and throws: check-call.ts runs earlier.
 */
export const pack = <Call extends SerialisedCall>(calls: readonly Call[]): Body<Call>[] => {
  const bodies: Body<Call>[] = [];
  let open: Body<Call> | undefined;
  for (const call of calls) {
    if (call.bytes > batchLimits.maxBytes) throw new Error(`a call of ${call.bytes} bytes cannot be packed`);
    const bytesIfAdded: number = open ? open.bytes + callSeparator.length + call.bytes : call.bytes;
    if (open && open.calls.length < batchLimits.maxCalls && bytesIfAdded <= batchLimits.maxBytes) {
      open.calls.push(call);
      open.bytes = bytesIfAdded;
    } else {
      open = { calls: [call], bytes: call.bytes };
      bodies.push(open);
    }
  }
  return bodies;
};

/** The calls' JSON texts, joined by {@link callSeparator}. */
export const bodyText = (body: Body<SerialisedCall>): string => body.calls.map(({ json }) => json).join(callSeparator);
