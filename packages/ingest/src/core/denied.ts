/** What Node and the stores' clients call it when our credentials or our rights are not enough. */
const deniedWords =
  /^(EACCES|EPERM|AccessDenied|AccessDeniedException|Forbidden|Unauthorized|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|ExpiredTokenException|InvalidToken|TokenRefreshRequired|AuthenticationFailed|AuthorizationFailure|AuthorizationPermissionMismatch|CredentialsProviderError|CredentialUnavailableError|invalid_grant)$/;
const deniedStatuses: readonly unknown[] = [401, 403];

/** True where a person must give us other credentials or more rights: trying again changes nothing. */
export const isDenied = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  // Every client has its own fields; all of them are looked at as unknown.
  const { name, code, Code, statusCode, $metadata } = error as Error & Record<string, unknown>;
  const status =
    typeof $metadata === "object" && $metadata !== null && "httpStatusCode" in $metadata
      ? $metadata.httpStatusCode
      : statusCode;
  return (
    [name, code, Code].some((word) => typeof word === "string" && deniedWords.test(word)) ||
    deniedStatuses.includes(status) ||
    deniedStatuses.includes(code) ||
    isDenied(error.cause)
  );
};
