import { denied, isLater, refused, retryAfterMs, type StoreFault } from "./store-fault.ts";

/** Reads an error of Azure's clients. Source: "Blob Storage error codes" and "Common REST API error codes". */
export const azureFaultOf = (
  error: unknown,
  { container, during }: { container: string; during: "list" | "read" },
): StoreFault => {
  const { status, code, name, retryAfter } = answerOf(error);
  if (code === "ContainerNotFound" || (during === "list" && status === 404))
    return refused(`The container ${container} does not exist in this account: create it, or correct container`);
  if (status === 404) return { kind: "gone" };
  if (status === 412) return { kind: "changed" };
  if (/^(CredentialUnavailable|AggregateAuthentication|Authentication(Required)?)Error$/.test(name))
    return denied(
      "No credentials were found: give the pod a workload or managed identity, or name a connection string or a SAS URL",
    );
  if (code === "AuthenticationFailed" || status === 401)
    return denied("The key or the shared access signature is not valid (any more): renew it");
  if (code === "BlobArchived")
    return refused("The blob is archived: move it to another tier, or keep Currents files out of the archive");
  if (status === 403)
    return denied(
      `Access was denied: grant the role Storage Blob Data Reader on the container ${container}, or a signature with ` +
        "the permissions read and list",
    );
  if (status === undefined || isLater(status) || code === "ContainerBeingDeleted")
    return { kind: "later", ...retryAfterMs(retryAfter, Date.now()) };
  return refused("Correct the source's settings");
};

interface Answer {
  status?: number | undefined;
  code?: string | undefined;
  name: string;
  retryAfter?: string | undefined;
}

const answerOf = (error: unknown): Answer => {
  if (!(error instanceof Error)) return { name: "" };
  // The shape of the SDK's RestError, read with care: other errors have none of it.
  const { name, statusCode, code, response } = error as Error & {
    statusCode?: number;
    code?: string;
    response?: { headers?: { get?: (name: string) => string | undefined } };
  };
  return { name, status: statusCode, code, retryAfter: response?.headers?.get?.("retry-after") };
};
