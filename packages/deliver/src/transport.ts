import type { Secret } from "@currents-relay/shared/config/secret.ts";
import type { Answer } from "./core/answer.ts";
import type { ReadyBatch } from "./core/ready-batch.ts";

/** The way to one Segment source. */
export interface SegmentTransport {
  /**
   * Sends the batch in exactly one request, or in none, and resolves with what came of it; all its calls share that
   * fate. Never retries, follows no redirect, and ends within the timeout of its settings (with OAuth: twice that).
   * Nothing reads the batch afterwards. Throws only on a caller's bug: a batch whose `count` is not true.
   */
  send: (batch: ReadyBatch, signal: AbortSignal) => Promise<Answer>;
  /** A request still under way ends as `network`. */
  close: () => void;
}

export interface OAuthCredentials {
  clientId: string;
  /** PKCS#8 PEM. */
  privateKey: Secret;
  keyId: string;
  scope: string;
  /** Without the path `/token`. */
  tokenServer: string;
}

export interface TransportSettings {
  /** Base address of the tracking API; `/v1/batch` is added. */
  endpoint: string;
  writeKey: Secret;
  /** From the first byte sent to the last one read. */
  timeoutMs: number;
}
