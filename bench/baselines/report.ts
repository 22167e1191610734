/** What a baseline says of itself: the last line of its output, as JSON. */
export interface BaselineReport {
  /** When it began with its work, its modules loaded (UNIX ms). */
  startedMs: number;
  /** CPU microseconds since then, up to the end of its part of the work. */
  cpuUs: number;
}

/** Call when the work begins; the answer, when it has ended. */
export const startReport = (): (() => void) => {
  const startedMs = Date.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ startedMs, cpuUs: user + system } satisfies BaselineReport));
  };
};

export const readReport = (output: string): BaselineReport =>
  JSON.parse(output.trim().split("\n").at(-1) ?? "") as BaselineReport; // printed by startReport
