import type { Scenario } from "../scenario.ts";

export const refusing = (status: number, writeKey?: string) => ({
  match: { route: "batch", ...(writeKey !== undefined && { writeKey }) } as const,
  then: { status },
});

export const outage401: Scenario = {
  name: "outage-401",
  about: "Segment answers 401 for a while: batches are held, one at a time is tried, and all are sent afterwards",
  events: 20_000,
  run: async (lab) => {
    await lab.untilAccepted(0.3);
    lab.standIn({ rules: [refusing(401)] });
    await lab.untilOutage("holding");
    await lab.whileQuiet(() => lab.pause(7_000), { trials: true });
    await lab.whileHeldComeInOrder(async () => {
      lab.standIn({ rules: [] });
      await lab.untilOutage("flowing");
    });
  },
};
