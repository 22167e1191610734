import type { Lab, Scenario } from "../scenario.ts";
import { refusing } from "./outage-401.ts";

/** So that the replay lasts long enough to be killed in. */
const slow = { match: { route: "batch" }, then: { delayMs: 60 } } as const;

const killEverything = async (lab: Lab): Promise<void> => {
  await lab.kill("deliver");
  await lab.kill("ingest");
  await lab.kill("transform");
  await lab.pause(500, 1_500);
  await lab.killRedis();
  await lab.restartRedis();
};

export const outageKill: Scenario = {
  name: "outage-kill",
  about: "kill -9 of every process and of Redis while holding, and again while replaying",
  events: 20_000,
  setup: { processes: { deliver: 2 } },
  run: async (lab) => {
    await lab.untilAccepted(0.2);
    lab.standIn({ rules: [refusing(401)] });
    await lab.untilOutage("holding");
    await lab.whileQuiet(
      async () => {
        await lab.pause(2_000);
        await killEverything(lab);
        await lab.pause(2_000);
        await lab.kill("deliver");
        await lab.pause(2_000);
      },
      { trials: true },
    );
    await lab.whileHeldComeInOrder(async () => {
      lab.standIn({ rules: [slow] });
      await lab.untilOutage("replaying");
      await lab.pause(300, 800);
      await killEverything(lab);
      await lab.pause(1_000, 2_000);
      await lab.kill("deliver");
      lab.standIn({ rules: [] });
      await lab.untilOutage("flowing");
    });
  },
};
