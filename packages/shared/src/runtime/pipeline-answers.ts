import type { ChainableCommander } from "ioredis";

/** Runs a pipeline. Answers with what its commands answered, in order; throws what the first of them threw. */
export const answersOf = async (pipeline: ChainableCommander): Promise<unknown[]> =>
  ((await pipeline.exec()) ?? []).map(([error, answer]) => {
    if (error) throw error;
    return answer;
  });
