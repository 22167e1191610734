import { clientOf } from "./oauth.ts";
import { simLimits } from "./limits.ts";
import type { ReceivedBatch } from "./read-batch.ts";
import type { ReceivedBody } from "./receive-body.ts";

/** A batch request as the stand-in understands it. */
export interface BatchRequest {
  /** From the body, else Basic authentication, else `oauth:<client id>` of the bearer token. */
  writeKey: string;
  /** A valid token proves its client, whatever keys are known. */
  byToken: boolean;
  count: ReceivedBatch["count"];
  events: ReceivedBatch["events"];
  ids?: ReceivedBatch["ids"];
  callAt?: (index: number) => string;
  /** Why it is refused, whatever its key: an HTTP status and a message. */
  fault?: { status: number; message: string };
}

const readBody = (body: ReceivedBody, read: (bytes: Buffer) => ReceivedBatch): ReceivedBatch | string => {
  if (body.kind === "too-large") return `the body is over ${simLimits.maxRequestBytes} bytes`;
  if (body.kind === "unreadable") return "the body is not gzip";
  try {
    return read(body.bytes);
  } catch (error) {
    if (error instanceof SyntaxError) return `the body is not valid JSON: ${error.message}`;
    throw error;
  }
};

const credentialsOf = (authorization: string | undefined, nowMs: number) => {
  const [scheme = "", value = ""] = (authorization ?? "").split(" ");
  switch (scheme.toLowerCase()) {
    case "basic":
      return { writeKey: Buffer.from(value, "base64").toString().split(":")[0] ?? "" };
    case "bearer": {
      const client = clientOf(value, nowMs);
      return client === undefined ? { refused: true } : { client };
    }
    default:
      return {};
  }
};

/** Reads a request to the batch endpoint; every fault that Segment answers with an error is in `fault`. */
export const batchRequest = (
  body: ReceivedBody,
  authorization: string | undefined,
  read: (bytes: Buffer) => ReceivedBatch,
  nowMs: number,
): BatchRequest => {
  const { writeKey: basicKey, client, refused } = credentialsOf(authorization, nowMs);
  const outside = basicKey ?? (client === undefined ? "" : `oauth:${client}`);
  const batch = readBody(body, read);
  if (typeof batch === "string")
    return { writeKey: outside, byToken: false, count: 0, events: () => [], fault: { status: 400, message: batch } };
  const writeKey = batch.writeKey || outside; // an empty key in the body is no key
  const request = { ...batch, writeKey, byToken: client !== undefined };
  if (refused) return { ...request, fault: { status: 401, message: "the access token is not valid" } };
  if (writeKey.length < simLimits.minWriteKeyCharacters)
    return { ...request, fault: { status: 400, message: "the write key is missing or too short" } };
  if (batch.hasLargeEvent)
    return { ...request, fault: { status: 400, message: `an event is over ${simLimits.maxEventBytes} bytes` } };
  return request;
};
