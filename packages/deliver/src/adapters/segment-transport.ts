import type { SegmentConfig } from "@currents-relay/shared/config/schema.ts";
import type { SegmentTransport } from "../transport.ts";
import { createBatchTransport } from "./batch-transport.ts";
import { createSdkTransport } from "./sdk-transport.ts";

/** The transport that the configuration asks for. */
export const segmentTransport = (segment: SegmentConfig): SegmentTransport => {
  const { endpoint, writeKey, requestTimeoutMs: timeoutMs, transport, oauth } = segment;
  if (transport === "direct") return createBatchTransport({ endpoint, writeKey, timeoutMs });
  return createSdkTransport({ endpoint, writeKey, timeoutMs, ...(oauth && { oauth }) });
};
