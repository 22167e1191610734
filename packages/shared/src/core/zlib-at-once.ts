/** What Node's functions give when they are asked for `info`; its types do not tell. */
interface Finished {
  buffer: Buffer;
  engine: { _outBuffer?: unknown };
}

/**
 * Calls one of zlib's synchronous functions, such that the output is free as soon as nobody uses it. Node leaves it in the
 * call's engine, too, and V8 frees no engine before it collects the whole heap: to a scavenge, what native code points to
 * is alive. That was half of those collections (ADR 0024). `_outBuffer` is private to Node: under another name memory
 * would be kept as before, and zlib-at-once.test.ts would say so.
 */
export const atOnce = <Options extends object>(
  run: (bytes: Uint8Array, options: Options & { info: true }) => Buffer,
  bytes: Uint8Array,
  options: Options,
): Buffer => {
  const { buffer, engine } = run(bytes, { ...options, info: true }) as Buffer | Finished as Finished;
  engine._outBuffer = undefined;
  return buffer;
};
