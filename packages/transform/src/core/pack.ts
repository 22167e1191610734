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
    const { length } = call.json;
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
  const { buffer, byteOffset } = first.json;
  if (byteOffset + bytes > buffer.byteLength) return undefined;
  const body = Buffer.from(buffer, byteOffset, bytes);
  let end = 0;
  for (const { json } of calls) {
    const isNext = end === 0 || (body[end - 2] === comma && body[end - 1] === lineFeed);
    if (!isNext || json.buffer !== buffer || json.byteOffset !== byteOffset + end) return undefined;
    end += json.length + callSeparator.length;
  }
  return body;
};

const joined = ({ calls, bytes }: Body<SerialisedCall>): Buffer => {
  const body = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { json } of calls) {
    if (at > 0) at += body.write(callSeparator, at, "latin1");
    body.set(json, at);
    at += json.length;
  }
  return body;
};
