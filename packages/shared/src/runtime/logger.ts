import { pino, type SerializedError, stdSerializers, stdTimeFunctions } from "pino";
import pretty from "pino-pretty";

export type { Logger } from "pino";

/** ioredis puts the command that failed into its errors, payloads of events and all. */
const withoutCommand = (error: Error): SerializedError => {
  const { command: _, ...rest } = stdSerializers.err(error) as SerializedError & { command?: unknown };
  return rest;
};

/** JSON lines to stderr; readable lines where stderr is a terminal. No event content, no secret, no address in a log. */
export const createLogger = ({ level, terminal }: { level: string; terminal: boolean }) => {
  const serializers = { err: withoutCommand };
  const options = { level, base: null, timestamp: stdTimeFunctions.isoTime, serializers };
  const stderr = 2;
  return terminal
    ? pino(
        options,
        pretty({ destination: stderr, colorize: true, sync: true, translateTime: "HH:MM:ss", ignore: "pid,hostname" }),
      )
    : pino(options, pino.destination({ fd: stderr, sync: true }));
};
