import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { simLimits } from "./limits.ts";

export type ReceivedBody = { kind: "bytes"; bytes: Buffer } | { kind: "too-large" } | { kind: "unreadable" };

const unzip = promisify(gunzip);

const decompress = async (bytes: Buffer): Promise<ReceivedBody> => {
  try {
    return { kind: "bytes", bytes: await unzip(bytes, { maxOutputLength: simLimits.maxRequestBytes }) };
  } catch (error) {
    const tooLarge = error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    return { kind: tooLarge ? "too-large" : "unreadable" };
  }
};

/**
 * The whole request body, gunzipped where the headers say gzip. A body over Segment's limit is read to its end, so
 * that the client can read its answer, but not kept. Rejects where the client goes away.
 */
export const receiveBody = async (request: IncomingMessage): Promise<ReceivedBody> => {
  const parts: Buffer[] = [];
  let size = 0;
  // IncomingMessage is a stream of Buffers as long as nobody sets an encoding.
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= simLimits.maxRequestBytes) parts.push(part);
  }
  if (size > simLimits.maxRequestBytes) return { kind: "too-large" };
  const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  return request.headers["content-encoding"] === "gzip" ? decompress(bytes) : { kind: "bytes", bytes };
};
