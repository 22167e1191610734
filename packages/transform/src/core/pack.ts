import { batchLimits } from "@currents-relay/shared/contracts/call.ts";
import type { SerialisedCall } from "./check-call.ts";

/** One request body, still without its envelope. */
export interface Body<Call extends SerialisedCall> {
  calls: Call[];
  /** Length of {@link bodyBytes}. */
  bytes: number;
}

/** JSON never holds a bare line feed, so a body can be taken apart again at these. */
export const callSeparator = ",\n";

/**
 * Groups calls into request bodies, in order and each call in exactly one. Limits: `batchLimits`, separators counted;
 * `maxCalls` may be less.
 * A call over the limit by itself is a caller's bug and throws: check-call.ts runs earlier.
 */
export const pack = <Call extends SerialisedCall>(
  calls: readonly Call[],
  maxCalls: number = batchLimits.maxCalls,
): Body<Call>[] => {
  const bodies: Body<Call>[] = [];
  let open: Body<Call> | undefined;
  for (const call of calls) {
    const length = call.json.end - call.json.start;
    if (length > batchLimits.maxBytes) throw new Error(`a call of ${length} bytes cannot be packed`);
    const bytesIfAdded: number = open ? open.bytes + callSeparator.length + length : length;
    if (open && open.calls.length < maxCalls && bytesIfAdded <= batchLimits.maxBytes) {
      open.calls.push(call);
      open.bytes = bytesIfAdded;
    } else {
      open = { calls: [call], bytes: length };
      bodies.push(open);
    }
  }
  return bodies;
};

/** The calls' JSON texts, joined by {@link callSeparator}: not copied where they lie in memory like that already. */
export const bodyBytes = (body: Body<SerialisedCall>): Buffer => inPlace(body) ?? joined(body);

const [comma, lineFeed] = Buffer.from(callSeparator);

const inPlace = ({ calls, bytes }: Body<SerialisedCall>): Buffer | undefined => {
  const [first] = calls;
  if (!first) return undefined;
  const { page, start } = first.json;
  let next = start;
  for (const { json } of calls) {
    const isNext = next === start || (page[next - 2] === comma && page[next - 1] === lineFeed);
    if (!isNext || json.page !== page || json.start !== next) return undefined;
    next = json.end + callSeparator.length;
  }
  return page.subarray(start, start + bytes);
};

const joined = ({ calls, bytes }: Body<SerialisedCall>): Buffer => {
  const body = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { json } of calls) {
    if (at > 0) at += body.write(callSeparator, at, "latin1");
    at += json.page.copy(body, at, json.start, json.end);
  }
  return body;
};
