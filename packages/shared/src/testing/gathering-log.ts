import { Writable } from "node:stream";
import { pino } from "pino";
import type { Logger } from "../runtime/logger.ts";

/** A logger that puts the messages of its lines into the list. */
export const gatheringLog = (logged: string[]): Logger =>
  pino(
    { level: "debug" },
    new Writable({
      write: (line: Buffer, _encoding, done) => {
        // pino's own JSON.
        logged.push((JSON.parse(line.toString()) as { msg: string }).msg);
        done();
      },
    }),
  );
