import { denied, isLater, refused, retryAfterMs, type StoreFault } from "./store-fault.ts";

/** The credentials themselves are no good, whatever they would be allowed to do. */
const badCredentials: readonly string[] = [
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "ExpiredToken",
  "InvalidToken",
  "UnrecognizedClientException",
  "InvalidClientTokenId",
];
/** Asks for patience whatever its status is; the SDK sets its clock right after the last one. */
const laterCodes: readonly string[] = ["SlowDown", "TooManyRequests", "RequestTimeout", "RequestTimeTooSkewed"];

/** Reads an error of the AWS SDK. Sources: "Error responses" in the Amazon S3 API reference; RFC 9110. */
export const s3FaultOf = (
  error: unknown,
  { bucket, during }: { bucket: string; during: "list" | "read" },
): StoreFault => {
  const { name, status, retryAfter } = answerOf(error);
  if (during === "read" && status === 412) return { kind: "changed" };
  if (during === "read" && status === 404 && name !== "NoSuchBucket") return { kind: "gone" };
  if (name === "NoSuchBucket" || status === 404)
    return refused(`The bucket ${bucket} does not exist there: create it, or correct bucket, region and endpoint`);
  if (laterCodes.includes(name)) return { kind: "later", ...retryAfterMs(retryAfter, Date.now()) };
  if (name === "CredentialsProviderError")
    return denied(
      "No credentials were found: give the pod a role (IRSA, instance profile), set AWS_ACCESS_KEY_ID, or name keys in the source",
    );
  if (badCredentials.includes(name))
    return denied("The credentials of the source are not valid (any more): renew them");
  if (name === "PermanentRedirect" || name === "AuthorizationHeaderMalformed" || status === 301)
    return refused(`The bucket ${bucket} is in another region: set region`);
  if (name === "InvalidObjectState")
    return refused("The object is archived (Glacier): restore it, or keep Currents files out of the archive");
  if (status === 401 || status === 403)
    return denied(
      `Access was denied: grant s3:ListBucket on arn:aws:s3:::${bucket} and s3:GetObject on arn:aws:s3:::${bucket}/* ` +
        "(and kms:Decrypt on the key, if the bucket has one)",
    );
  if (status === undefined || isLater(status)) return { kind: "later", ...retryAfterMs(retryAfter, Date.now()) };
  return refused("Correct the source's settings");
};

interface Answer {
  name: string;
  status?: number;
  retryAfter?: string | undefined;
}

const answerOf = (error: unknown): Answer => {
  if (!(error instanceof Error)) return { name: "" };
  // The shape of the SDK's ServiceException, read with care: other errors have none of it.
  const { $metadata, $response, name, Code } = error as Error & {
    Code?: string;
    $metadata?: { httpStatusCode?: number };
    $response?: { headers?: Record<string, string> };
  };
  const status = $metadata?.httpStatusCode;
  return {
    name: Code ?? name,
    ...(status !== undefined && { status }),
    retryAfter: $response?.headers?.["retry-after"],
  };
};
