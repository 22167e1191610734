import type { Scenario } from "../scenario.ts";

export const outageSilent200: Scenario = {
  name: "outage-silent-200",
  about:
    "the key dies and Segment answers 200 and throws away: noticed at the next check, held, and the key comes back",
  events: 20_000,
  setup: { suspects: true },
  run: async (lab) => {
    await lab.untilAccepted(0.3);
    await lab.killKey("acme");
    await lab.whileQuiet(() => lab.pause(5_000));
    await lab.whileHeldComeInOrder(async () => {
      lab.standIn({ keys: null });
      await lab.untilOutage("flowing");
    });
  },
};
