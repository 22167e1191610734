import { denied, isLater, refused, retryAfterMs, type StoreFault } from "./store-fault.ts";

/** An answer of the JSON API that is none of the wanted ones. */
export class GcsRefusal extends Error {
  override readonly name = "GcsRefusal";
  readonly code: number;
  readonly retryAfter: string | null;

  constructor(message: string, { status, headers }: Pick<Response, "status" | "headers">) {
    super(message);
    this.code = status;
    this.retryAfter = headers.get("retry-after");
  }
}

/** What Google's own libraries say when there are no credentials, or none that Google takes. */
const noCredentials = /default credentials|invalid_grant|invalid_client|PEM|private.key|ENOENT|client_email|JSON/i;
const credentialsAdvice =
  "No usable credentials were found: give the pod a service account (Workload Identity), set " +
  "GOOGLE_APPLICATION_CREDENTIALS, or name a key file in the source";

/** Reads an error of Google's client. Source: "HTTP status and error codes for JSON", Cloud Storage. */
export const gcsFaultOf = (
  error: unknown,
  { bucket, during }: { bucket: string; during: "list" | "read" },
): StoreFault => {
  const status = statusOf(error);
  const message = error instanceof Error ? error.message : "";
  if (status === 404 && (during === "list" || /bucket does not exist/i.test(message)))
    return refused(`The bucket ${bucket} does not exist: create it, or correct bucket`);
  if (status === 404) return { kind: "gone" };
  if (status === 412) return { kind: "changed" };
  if (status === 401 || (status === undefined && noCredentials.test(message))) return denied(credentialsAdvice);
  if (status === 403)
    return denied(
      `Access was denied: grant roles/storage.objectViewer (storage.objects.list and storage.objects.get) on the ` +
        `bucket ${bucket} to the service account that the relay runs as`,
    );
  if (status === undefined || isLater(status))
    return { kind: "later", ...(error instanceof GcsRefusal && retryAfterMs(error.retryAfter, Date.now())) };
  return refused("Correct the source's settings");
};

/** `code` is the HTTP status on answers, and a name such as ECONNRESET on broken connections. */
const statusOf = (error: unknown): number | undefined => {
  const code = error instanceof Error && "code" in error ? Number(error.code) : Number.NaN;
  return Number.isInteger(code) && code >= 100 ? code : undefined;
};
