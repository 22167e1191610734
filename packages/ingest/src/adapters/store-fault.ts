/** What an error of a store means for us. */
export type StoreFault =
  /** The object is not the one that was listed. */
  | { kind: "changed" }
  /** There is no object of its name. */
  | { kind: "gone" }
  /** It passes: throttled, an error of the server, a broken connection. */
  | { kind: "later"; afterMs?: number }
  /** Somebody has to do something; `advice` says what, as a sentence behind the store's own words. */
  | Refusal;

export interface Refusal {
  /** denied: by the credentials or the rights that we have; refused: for anything else. */
  kind: "denied" | "refused";
  advice: string;
}

export const denied = (advice: string): Refusal => ({ kind: "denied", advice });
export const refused = (advice: string): Refusal => ({ kind: "refused", advice });

/** The number of an answer that asks for patience: too slow, too many, or the server's fault. */
export const isLater = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** `Retry-After` in ms: seconds, or a date (RFC 9110, 10.2.3). */
export const retryAfterMs = (header: string | null | undefined, nowMs: number): { afterMs?: number } => {
  if (header === null || header === undefined || header === "") return {};
  const afterMs = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(afterMs) ? {} : { afterMs: Math.max(0, afterMs) };
};

/** What an error says, without the query of any address in it: a shared access signature is a secret. */
export const said = (error: unknown): string => {
  return words(error)
    .replaceAll(/(https?:\/\/[^\s?"']+)\?[^\s"']*/g, "$1")
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, 500);
};

const words = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // What broke a connection is a layer or two down ("fetch failed").
  const cause = error.cause instanceof Error ? `: ${words(error.cause)}` : "";
  return `${error.message || error.name}${cause}`;
};
