import { CommandError, exitCodes } from "./exit-codes.ts";

/** The value of --admin-port; undefined where it is not given. */
export const parsePort = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new CommandError(exitCodes.usage, `--admin-port: "${text}" is no port (0 to 65535)`);
  return port;
};
