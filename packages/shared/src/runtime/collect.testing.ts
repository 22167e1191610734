import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options?: { type: "minor" | "major" }) => void;

setFlagsFromString("--expose-gc");
/** V8's own: without options the whole heap. */
export const collect = runInNewContext("gc") as Collect; // there since the flag is set

/** Of all Buffers that have not been collected. */
export const bufferMegabytes = (): number => process.memoryUsage().arrayBuffers / 1e6;
