import type { SegmentConfig } from "@currents-relay/shared/config/schema.ts";
import type { SegmentTransport } from "../transport.ts";
import { createBatchTransport } from "./batch-transport.ts";

/** The transport that the configuration asks for; Segment's SDK is loaded for it only. */
export const segmentTransport = async (segment: SegmentConfig): Promise<SegmentTransport> => {
  const { endpoint, writeKey, requestTimeoutMs: timeoutMs, transport, oauth } = segment;
  if (transport === "direct") return createBatchTransport({ endpoint, writeKey, timeoutMs });
  const { createSdkTransport } = await import("./sdk-transport.ts");
  return createSdkTransport({ endpoint, writeKey, timeoutMs, ...(oauth && { oauth }) });
};
