import { checkCount } from "../core/ready-batch.ts";
import type { SegmentTransport, TransportSettings } from "../transport.ts";
import { createHttpClient, diagnosisCharacters } from "./http-client.ts";

/** Where a tracking API takes batches. The endpoint may have a path of its own (a proxy). */
export const batchUrl = (endpoint: string): URL => new URL(`${endpoint.replace(/\/+$/, "")}/v1/batch`);

/**
 * Posts the calls as transform packed them, without reading them: 2.3 us of CPU an event (750 bytes each), 51 by the SDK.
 * Sends what the SDK sends but for `context.library`, `_metadata`, `integrations` and the User-Agent
 * (proved by batch-transport-wire.test.ts). Knows the write key only: OAuth is the SDK's.
 */
export const createBatchTransport = ({ endpoint, writeKey, timeoutMs }: TransportSettings): SegmentTransport => {
  const http = createHttpClient({ timeoutMs });
  const url = batchUrl(endpoint);
  return {
    send: async (batch, signal) => {
      checkCount(batch);
      const key = writeKey.reveal();
      const tail = `],"writeKey":${JSON.stringify(key)},"sentAt":"${new Date().toISOString()}"}`;
      return http.request({
        method: "POST",
        url,
        headers: {
          "Content-Type": "application/json",
          "User-Agent": "currents-relay",
          Authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}`,
        },
        body: ['{"batch":[', batch.calls, tail],
        keepCharacters: diagnosisCharacters,
        signal,
      });
    },
    close: http.close,
  };
};
