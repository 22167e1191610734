import { usedShare } from "./expiry.ts";
import { type Effect, tellEffects } from "./outage-event.ts";
import type { Notice, NoticeName, Outage } from "./outage-state.ts";

/** How much of the expiry window is used when a notice falls due. */
const dueAtShare = { half: 0.5, "80": 0.8, "95": 0.95 } as const satisfies Partial<Record<NoticeName, number>>;
const clockNotices = ["half", "80", "95"] as const;

/** The notices that the clock has made due, earliest first. */
export const noticesDue = (
  clock: { afterMs: number; oldestHeldMs: number | undefined },
  nowMs: number,
): NoticeName[] => {
  const used = usedShare(clock, nowMs);
  return clockNotices.filter((name) => used >= dueAtShare[name]);
};

/** Where nobody sends notices, the oldest are forgotten rather than kept for ever. */
const maxUntold = 50;

interface Given {
  outage: Outage;
  untold: readonly Notice[];
  effects: Effect[];
}

/** Gives those notices of an outage that were not given yet. */
export const giveNotices = (
  outage: Outage,
  untold: readonly Notice[],
  names: readonly NoticeName[],
  atMs: number,
): Given => {
  const fresh = names.filter((name) => !outage.told.includes(name));
  const { openedMs, reason } = outage;
  const notices = fresh.map((name) => ({ id: `${openedMs}-${name}`, name, reason, openedMs, atMs }));
  return {
    outage: { ...outage, told: [...outage.told, ...fresh] },
    untold: [...untold, ...notices].slice(-maxUntold),
    effects: fresh.map((name) => tellEffects[name]),
  };
};
