/** What Node's functions give when they are asked for `info`; its types do not tell. */
interface Finished {
  buffer: Buffer;
  engine: { _outBuffer?: unknown; buffers?: unknown; cb?: unknown };
}

/**
 * Calls one of zlib's synchronous functions, such that the output is free with the next scavenge once nobody uses it. Node
 * leaves the first piece of it, mostly all there is, in the call's engine, and V8 frees no engine before it collects the
 * whole heap: to a scavenge, what native code points to is alive (ADR 0024). The names are private to Node: when others
 * take their place, zlib-one-shot.test.ts says so.
 */
export const oneShotSync = <Options extends object>(
  run: (bytes: Uint8Array, options: Options & { info: true }) => Buffer,
  bytes: Uint8Array,
  options: Options,
): Buffer => outputOf(run(bytes, { ...options, info: true }));

type Done = (error: Error | null, output: Buffer) => void;

/** The same with one of those that work beside the event loop; their engine keeps all pieces, and by its callback the input. */
export const oneShot = <Options extends object>(
  run: (bytes: Uint8Array, options: Options & { info: true }, done: Done) => void,
  bytes: Uint8Array,
  options: Options,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    run(bytes, { ...options, info: true }, (error, output) => {
      if (error) reject(error);
      else resolve(outputOf(output));
    });
  });

const doNothing = (): void => undefined;

const outputOf = (finished: Buffer): Buffer => {
  const { buffer, engine } = finished as Buffer | Finished as Finished;
  engine._outBuffer = undefined;
  engine.buffers = undefined;
  engine.cb = doNothing;
  return buffer;
};
