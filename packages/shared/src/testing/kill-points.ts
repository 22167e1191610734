/** Thrown where a process would have been killed. */
export class Killed extends Error {
  override readonly name = "Killed";
}

export interface KillPoint {
  /** Which call of a port, counted over all ports from 0. */
  call: number;
  /** Whether the call had its effect when the process ended. */
  when: "before" | "after";
}

type Port = (...args: never[]) => unknown;

/**
 * Ports that end the process at one of their calls: every await of a pipeline is one. Ports that answer at once (no
 * promise) are not interrupted, because nothing can come between.
 */
export const killedAt = <Ports extends object>(ports: Ports, point: KillPoint): Ports => {
  let calls = 0;
  const interrupted = (port: Port): Port =>
    (async (...args: never[]) => {
      const isThis = calls === point.call;
      calls += 1;
      if (isThis && point.when === "before") throw new Killed(`before call ${point.call}`);
      const answer = await port(...args);
      if (isThis) throw new Killed(`after call ${point.call}`);
      return answer;
    }) satisfies Port;
  const entries = Object.entries(ports).map(([name, port]: [string, unknown]) => [
    name,
    // A port is a function; only those that are async have an await to be killed at.
    typeof port === "function" && port.constructor.name === "AsyncFunction" ? interrupted(port as Port) : port,
  ]);
  return Object.fromEntries(entries) as Ports; // the same keys, each of the same type
};

/** Runs with a kill at every call in turn, before and after its effect; `run` says when there are no more calls. */
export const everyKillPoint = async (
  run: (point: KillPoint) => Promise<"killed" | "ran to the end">,
): Promise<number> => {
  for (let call = 0; ; call++)
    for (const when of ["before", "after"] as const) if ((await run({ call, when })) === "ran to the end") return call;
};
