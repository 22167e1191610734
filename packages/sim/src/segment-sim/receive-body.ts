import type { IncomingMessage } from "node:http";
import { finished } from "node:stream/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { OpenPage } from "@currents-relay/shared/core/pages.ts";
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

/** Where the body is kept: of a request that comes in chunks nobody knows how long it will be. */
const roomFor = ({ headers }: IncomingMessage, openPage: OpenPage): Buffer => {
  const told = headers["transfer-encoding"] ? simLimits.maxRequestBytes : Number(headers["content-length"] ?? 0);
  return told === 0 ? Buffer.alloc(0) : openPage(Math.min(told, simLimits.maxRequestBytes));
};

/**
 * The whole request body, gunzipped where the headers say gzip; in a page, where it is not. A body over Segment's limit is
 * read to its end, so that the client can read its answer, but not kept. Rejects where the client goes away.
 */
export const receiveBody = async (request: IncomingMessage, openPage: OpenPage): Promise<ReceivedBody> => {
  const room = roomFor(request, openPage);
  let size = 0;
  // IncomingMessage is a stream of Buffers as long as nobody sets an encoding; Node lets no more come than was told.
  request.on("data", (part: Buffer) => {
    if (size + part.length <= simLimits.maxRequestBytes) room.set(part, size);
    size += part.length;
  });
  await finished(request, { writable: false });
  if (size > simLimits.maxRequestBytes) return { kind: "too-large" };
  const bytes = room.subarray(0, size);
  return request.headers["content-encoding"] === "gzip" ? decompress(bytes) : { kind: "bytes", bytes };
};
