import { expect, it } from "vitest";
import type { CheckLeases } from "./credential-watch-lease.ts";

const mostMs = 60_000;

/** The fake of {@link CheckLeases}. */
export const memoryCheckLeases = (now: () => number): CheckLeases => {
  const leases = new Map<string, { untilMs: number; answered: boolean }>();
  const keep = (subject: string, forMs: number, answered: boolean) => {
    leases.set(subject, { untilMs: now() + forMs, answered });
    return Promise.resolve();
  };
  return {
    take: async (subject, forMs) => {
      const lease = leases.get(subject);
      if (lease && lease.untilMs > now())
        return { taken: false, leftMs: lease.untilMs - now(), answered: lease.answered };
      await keep(subject, forMs, false);
      return { taken: true };
    },
    answered: (subject, forMs) => keep(subject, forMs, true),
    release: (subject) => {
      leases.delete(subject);
      return Promise.resolve();
    },
  };
};

/** What {@link CheckLeases} promises. `open` gives so many pods of one fresh workspace. */
export const checkLeasesConformance = (open: (pods: number) => CheckLeases[]): void => {
  it("gives the turn to one of many pods, and tells the others for how long", async () => {
    const leases = await Promise.all(open(6).map((pod) => pod.take("key-1", mostMs)));
    expect(leases.filter(({ taken }) => taken)).toHaveLength(1);
    for (const lease of leases) {
      if (lease.taken) continue;
      expect(lease.answered).toBe(false);
      expect(lease.leftMs).toBeGreaterThan(mostMs - 5_000);
      expect(lease.leftMs).toBeLessThanOrEqual(mostMs);
    }
  });

  it("has a turn for every subject", async () => {
    const [pod] = open(1);
    expect(await pod!.take("key-1", mostMs)).toEqual({ taken: true });
    expect(await pod!.take("key-2", mostMs)).toEqual({ taken: true });
  });

  it("says that somebody has asked, until it is time again", async () => {
    const [one, other] = open(2);
    await one!.take("key-1", mostMs);
    await one!.answered("key-1", mostMs);
    expect(await other!.take("key-1", mostMs)).toMatchObject({ taken: false, answered: true });
    await one!.answered("key-1", 0.5);
    await expect.poll(() => other!.take("key-1", mostMs), { interval: 1 }).toEqual({ taken: true });
  });

  it("ends by itself when whoever took the turn is gone", async () => {
    const [one, other] = open(2);
    await one!.take("key-1", 1.5);
    await expect.poll(() => other!.take("key-1", mostMs), { interval: 1 }).toEqual({ taken: true });
  });

  it("is free at once when it was released", async () => {
    const [one, other] = open(2);
    await one!.take("key-1", mostMs);
    await one!.release("key-1");
    expect(await other!.take("key-1", mostMs)).toEqual({ taken: true });
  });
};
