import { type ContainerPart, readContainer } from "./avro-container.ts";
import type { ResumePoint } from "./chunk.ts";
import type { ContainerLimits } from "./limits.ts";

/** Gives the file's bytes from a position on, to its end. */
export type OpenAt = (fromByte: number) => AsyncIterable<Uint8Array>;

/**
 * The parts of a container file from its beginning, or (with its header, which is read again) from the block where an
 * earlier run stopped.
 */
export async function* readOn(
  open: OpenAt,
  limits: ContainerLimits,
  from: ResumePoint | undefined,
): AsyncGenerator<ContainerPart> {
  if (!from) return yield* readContainer(open(0), { limits });
  for await (const part of readContainer(open(0), { limits })) {
    if (part.kind !== "header") return yield part;
    const resume = { header: part, blockOffset: from.blockOffset };
    return yield* readContainer(open(from.blockOffset), { limits, resume });
  }
}
