import type { Scenario } from "../scenario.ts";

export const duplicates: Scenario = {
  name: "duplicates",
  about: "every file lands twice under other names, and a fifth of the records repeats an id of another file",
  events: 20_000,
  setup: { copies: 2, currents: { duplicatesShare: 0.2 }, processes: { ingest: 2, transform: 2 } },
  run: (lab) => lab.untilAccepted(1),
};
