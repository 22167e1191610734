/** What was observed of one request to Segment: a value, whatever the network did. verdict.ts says what it means. */
export type Answer =
  | {
      kind: "response";
      status: number;
      /** The header as it came: seconds or an HTTP date. */
      retryAfter?: string;
      /** At most the first 500 characters, for diagnosis; Segment may quote the event in it, so never log it. */
      text?: string;
    }
  /** No complete answer; the request may have arrived all the same. `code` as Node names it, or "ABORTED". */
  | { kind: "network"; code: string; message: string }
  | { kind: "timeout"; afterMs: number }
  /** Nothing was sent: no token. Without `status` the private key cannot sign; otherwise the token server's answer. */
  | { kind: "oauth"; status?: number; retryAfter?: string; message: string }
  /** Nothing was sent: the client library would not take the batch as it is. */
  | { kind: "refused"; message: string };
