import { vi } from "vitest";

/** Waits until the check no longer throws; at most 15 s. */
export const eventually = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(async () => check(), { timeout: 15_000, interval: 10 });
