/** Fresh: the deliver queue. Replay: the dead-letter queue, which leaves at least half of the rate to fresh batches. */
export type Lane = "fresh" | "replay";

export type Grant = { granted: true } | { granted: false; afterMs: number };

/**
 * The rate at which one group (the sources of one Segment workspace) may send, shared by all processes.
 * Promise: in any second at most `eventsPerSecond` and one batch of events reach Segment.
 */
export interface Rate {
  /**
   * A grant is for now: send at once. Otherwise ask again after `afterMs` (at least 1); nothing was reserved.
   * While fresh batches are asked for, replay gets at most half of the rate, and the two take turns.
   */
  take(group: string, events: number, eventsPerSecond: number, lane: Lane): Promise<Grant>;
  /** Nobody of the group is granted anything for `afterMs`; of two such waits the one that ends later counts. */
  notBefore(group: string, afterMs: number): Promise<void>;
}
