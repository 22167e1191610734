import { constants, createZstdCompress, createZstdDecompress, type ZstdOptions } from "node:zlib";

type Place = [bytes: Uint8Array, offset: number, length: number];

/** What lies beneath a stream of zstd. Private to Node: when it is another, zstd-context.test.ts says so. */
interface Engine {
  _handle: { writeSync: (flush: number, ...places: [...from: Place, ...into: Place]) => void; reset: () => void };
  /** After a call: how many bytes are left of the output, and of the input. */
  _writeState: Uint32Array;
  errored: Error | null;
  on: (event: "error", listener: () => void) => unknown;
  destroy: () => unknown;
}

/** All of `input` into `output`, which has room for it and a byte more. Gives how many bytes came; throws what zstd says. */
type Into = (input: Uint8Array, output: Uint8Array) => number;

/**
 * One context for all calls on this thread. For each of its calls that do all at once Node makes a stream and a context with
 * a megabyte of tables, and copies the input into that, piece by piece (ADR 0035).
 */
const inOneContext = (open: () => unknown, between: (engine: Engine) => void): Into => {
  let kept: Engine | undefined;
  return (input, output) => {
    const engine = (kept ??= open() as Engine);
    between(engine);
    engine._handle.writeSync(constants.ZSTD_e_end, input, 0, input.length, output, 0, output.length);
    const [outputLeft = 0, inputLeft = 0] = engine._writeState;
    if (!engine.errored && inputLeft === 0 && outputLeft > 0) return output.length - outputLeft;
    // What it was at is not over, and would go on with the next input.
    kept = undefined;
    engine.on("error", () => undefined); // it is thrown here
    engine.destroy();
    throw (
      engine.errored ??
      new Error(
        inputLeft > 0 ? "corrupt: bytes behind the end of the frame" : "corrupt: more content than the frame said",
      )
    );
  };
};

/** Its own output is not used. */
const pieces: ZstdOptions = { chunkSize: constants.Z_MIN_CHUNK };

/** A context that compresses with these parameters, a frame with each call, which says how long its content is. */
export const compressor = (params: ZstdOptions["params"]): Into =>
  inOneContext(
    () => createZstdCompress({ ...pieces, params }),
    () => undefined,
  );

/** A context that expands, a frame with each call. */
export const expander = (): Into =>
  inOneContext(
    () => createZstdDecompress(pieces),
    ({ _handle }) => _handle.reset(),
  );
