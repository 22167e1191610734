import type { Scenario } from "../scenario.ts";

export const outageAtStart: Scenario = {
  name: "outage-at-start",
  about: "the key is unknown before anything was sent: no batch goes out before it is good",
  events: 10_000,
  setup: { standIn: { keys: [] } },
  run: async (lab) => {
    await lab.untilOutage("holding");
    await lab.pause(8_000);
    const sent = lab.batchRequests();
    if (sent > 0) lab.fault(`${sent} batches went out by a key that was never good`);
    lab.standIn({ keys: null });
    await lab.untilOutage("flowing");
  },
};
