import { firstKey } from "../lab-config.ts";
import type { Scenario } from "../scenario.ts";
import { refusing } from "./outage-401.ts";

export const twoWorkspaces: Scenario = {
  name: "two-workspaces",
  about: "one of two workspaces is in an outage: the p99 of what lands in the other one stays within 20 %",
  events: 8_000,
  setup: { workspaces: ["acme", "globex"], feedSeconds: 20 },
  run: async (lab) => {
    await lab.untilAccepted(0.1); // the first files meet processes that are still cold
    lab.phase("before");
    await lab.pause(7_000);
    lab.standIn({ rules: [refusing(401, firstKey("acme"))] });
    await lab.untilOutage("holding", "acme");
    lab.phase("in the outage", { workspace: "globex", asFastAs: "before" });
    await lab.pause(7_000);
    lab.phase("in the replay");
    lab.standIn({ rules: [] });
    await lab.untilOutage("flowing", "acme");
  },
};
