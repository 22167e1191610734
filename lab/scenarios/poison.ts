import type { Scenario } from "../scenario.ts";

/** Ids are random hexadecimal digits, so a prefix of two takes one event in 256. */
const refused = { idPrefix: "00", reason: "rejected" } as const;
const tooLarge = { idPrefix: "0ff", reason: "too-large-for-segment" } as const;

export const poison: Scenario = {
  name: "poison",
  about:
    "Segment answers 400 (or 413) to every batch with one of some events: those go to quarantine, the rest arrives",
  events: 20_000,
  setup: {
    quarantined: [refused, tooLarge],
    standIn: {
      rules: [
        { match: { route: "batch", idPrefix: refused.idPrefix }, then: { status: 400 } },
        { match: { route: "batch", idPrefix: tooLarge.idPrefix }, then: { status: 413 } },
      ],
    },
  },
  run: (lab) => lab.untilAccepted(1),
};
