/** The only reader of process.env: what the environment may say, as plain values. */
export interface Environment {
  variables: Readonly<Record<string, string | undefined>>;
  /** REDIS_URL, for `relay start` without a configured Redis. */
  redisUrl: string | undefined;
  /** NODE_ENV=production: unsafe Redis settings are refused, not warned about. */
  production: boolean;
  logLevel: string | undefined;
}

export const readEnvironment = (): Environment => ({
  variables: process.env,
  redisUrl: process.env["REDIS_URL"] || undefined,
  production: process.env["NODE_ENV"] === "production",
  logLevel: process.env["RELAY_LOG_LEVEL"] || undefined,
});
