import { credentialCheckKey } from "@currents-relay/shared/core/keys.ts";
import type { Redis } from "ioredis";

export type Lease = { taken: true } | { taken: false; leftMs: number; answered: boolean };

/** Whose turn it is to ask about a workspace's key: one pod's at a time. `subject` is what is asked about. */
export interface CheckLeases {
  /** For as long as asking may take: then another pod may ask. `answered`: someone has, and nobody need for `leftMs`. */
  take(subject: string, forMs: number): Promise<Lease>;
  /** Has asked: nobody need ask again for so long. */
  answered(subject: string, forMs: number): Promise<void>;
  /** Has not asked after all: anybody may. */
  release(subject: string): Promise<void>;
}

const asking = "asking";
const answered = "answered";

export const redisCheckLeases = (redis: Redis, workspace: string): CheckLeases => ({
  take: async (subject, forMs) => {
    const key = credentialCheckKey(workspace, subject);
    if ((await redis.set(key, asking, "PX", Math.ceil(forMs), "NX")) === "OK") return { taken: true };
    const [leftMs, word] = await Promise.all([redis.pttl(key), redis.get(key)]);
    return { taken: false, leftMs: Math.max(0, leftMs), answered: word === answered };
  },
  answered: async (subject, forMs) => {
    await redis.set(credentialCheckKey(workspace, subject), answered, "PX", Math.max(1, Math.floor(forMs)));
  },
  release: async (subject) => {
    await redis.del(credentialCheckKey(workspace, subject));
  },
});
