import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LocksInHand } from "./locks-in-hand.ts";

const lockDuration = 10_000;

describe("the locks of a worker's jobs", () => {
  let renewed: string[];
  let locks: LocksInHand;
  /** What happens while locks are renewed. */
  let extend: () => Promise<void>;
  beforeEach(() => {
    extend = async () => undefined;
    vi.useFakeTimers();
    renewed = [];
    const worker = {
      name: "transform-acme",
      emit: () => true,
      trace: (_kind: unknown, _operation: string, _destination: string, run: () => unknown) => run(),
      extendJobLocks: async (ids: string[]) => {
        renewed.push(...ids);
        await extend();
        return [];
      },
    };
    const context = worker as unknown as ConstructorParameters<typeof LocksInHand>[0]; // what it needs of it
    locks = new LocksInHand(context, { lockRenewTime: lockDuration / 2, lockDuration, workerId: "w" });
    locks.start();
  });
  afterEach(async () => {
    await locks.close();
    vi.useRealTimers();
  });
  const track = (id: string) => locks.trackJob(id, "token", Date.now());

  it("are renewed well before they end, as long as the job is in hand", async () => {
    track("long");
    await vi.advanceTimersByTimeAsync(lockDuration * 0.6);
    expect(renewed).toEqual(["long"]);
    await vi.advanceTimersByTimeAsync(lockDuration * 2);
    expect(renewed.length).toBeGreaterThanOrEqual(4);
    locks.untrackJob("long");
    const before = renewed.length;
    await vi.advanceTimersByTimeAsync(lockDuration * 2);
    expect(renewed).toHaveLength(before);
  });

  it("are renewed while others end, and begin again after none was in hand", async () => {
    track("short");
    track("long");
    locks.untrackJob("short");
    await vi.advanceTimersByTimeAsync(lockDuration * 0.6);
    expect(renewed).toEqual(["long"]);
    locks.untrackJob("long");
    track("next");
    await vi.advanceTimersByTimeAsync(lockDuration * 0.6);
    expect(renewed).toEqual(["long", "next"]);
  });

  it("are renewed for the second run of a job when the first one ends", async () => {
    track("twice");
    track("twice");
    locks.untrackJob("twice");
    await vi.advanceTimersByTimeAsync(lockDuration * 0.6);
    expect(renewed).toEqual(["twice"]);
    locks.untrackJob("twice");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("are renewed in time where job follows job", async () => {
    for (let number = 0; number < 20; number += 1) {
      track(`j-${number}`);
      await vi.advanceTimersByTimeAsync(1_000);
      locks.untrackJob(`j-${number}`);
    }
    track("long");
    await vi.advanceTimersByTimeAsync(lockDuration * 0.6);
    expect(renewed).toEqual(["long"]);
  });

  it("wake nobody when the last job ends while it is renewed", async () => {
    track("a");
    extend = async () => locks.untrackJob("a");
    await vi.advanceTimersByTimeAsync(lockDuration * 0.6);
    expect(renewed).toEqual(["a"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("wake nobody while there are none", async () => {
    expect(vi.getTimerCount()).toBe(0);
    track("a");
    expect(vi.getTimerCount()).toBe(1);
    locks.untrackJob("a");
    expect(vi.getTimerCount()).toBe(0);
    await locks.close();
    track("late");
    expect(vi.getTimerCount()).toBe(0);
  });
});
