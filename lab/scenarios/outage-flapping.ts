import type { Scenario } from "../scenario.ts";
import { refusing } from "./outage-401.ts";

const refusals = [401, 403, 404, 401, 403];

export const outageFlapping: Scenario = {
  name: "outage-flapping",
  about: "Segment refuses for 1 to 4 s and accepts for up to 2 s, again and again: also in the middle of a replay",
  events: 20_000,
  // As long as all of it may last: a refusal is noticed only where something is still to be sent.
  setup: { feedSeconds: 35 },
  run: async (lab) => {
    await lab.untilAccepted(0.2);
    for (const status of refusals) {
      lab.standIn({ rules: [refusing(status)] });
      await lab.untilOutage("holding");
      await lab.pause(1_000, 4_000);
      lab.standIn({ rules: [] });
      await lab.untilOutage("replaying");
      await lab.pause(0, 2_000);
    }
    await lab.untilOutage("flowing");
  },
};
