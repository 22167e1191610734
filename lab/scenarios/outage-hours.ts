import type { Lab, Scenario } from "../scenario.ts";
import { refusing } from "./outage-401.ts";

/** An outage with everything held: nothing more lands. */
const holdAll = async (lab: Lab): Promise<void> => {
  await lab.untilAccepted(0.2);
  lab.standIn({ rules: [refusing(401)] });
  await lab.untilOutage("holding");
  await lab.untilLanded();
};

const repair = async (lab: Lab): Promise<void> => {
  lab.standIn({ rules: [] });
  await lab.untilOutage("flowing");
};

export const outage48h: Scenario = {
  name: "outage-48h",
  about: "an outage as long as Braze's connector bears, in virtual time: with expiry.then: keep everything arrives",
  events: 6_000,
  run: async (lab) => {
    await holdAll(lab);
    for (let hours = 0; hours < 48; hours += 12) {
      await lab.passHours(12);
      await lab.pause(1_500);
    }
    await lab.whileHeldComeInOrder(() => repair(lab));
  },
};

export const outage121h: Scenario = {
  name: "outage-121h",
  about:
    "an outage beyond five days, in virtual time: what expires after 48 h is archived, and brought back afterwards",
  events: 6_000,
  setup: { expiry: { after: "48h", then: "archive", archive: { folder: "./archive" } } },
  run: async (lab) => {
    await holdAll(lab);
    await lab.passHours(47);
    await lab.pause(2_000);
    if ((await lab.heldEvents()) === 0) lab.fault("something ended before its 48 hours were over");
    await lab.passHours(74);
    while ((await lab.heldEvents()) > 0) await lab.pause(200);
    await lab.relay("dlq", "replay", "--from-archive", "./archive");
    await repair(lab);
  },
};
