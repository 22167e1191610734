import { firstKey } from "../lab-config.ts";
import type { Lab, Scenario } from "../scenario.ts";
import { refusing } from "./outage-401.ts";

const [first, second, third] = [firstKey("acme"), "lab-key-second", "lab-key-third"];

const untilUsed = async (lab: Lab, writeKey: string): Promise<void> => {
  while (lab.acceptedBy(writeKey) === 0) await lab.pause(20);
};

export const rotateKey: Scenario = {
  name: "rotate-key",
  about: "relay.yaml gets another key: first while both are good, then because the old one is refused; no restart",
  events: 20_000,
  setup: { standIn: { keys: [first, second] } },
  run: async (lab) => {
    await lab.untilAccepted(0.2);
    await lab.setWriteKey("acme", second);
    await untilUsed(lab, second);
    await lab.pause(1_000); // what went out by the first key is answered
    const byFirst = lab.acceptedBy(first);
    lab.standIn({ keys: [second] });
    await lab.untilAccepted(0.5);
    lab.standIn({ keys: [second, third], rules: [refusing(401, second)] });
    await lab.untilOutage("holding");
    await lab.setWriteKey("acme", third);
    await lab.untilOutage("flowing");
    if (lab.acceptedBy(first) > byFirst) lab.fault("the first key was used after the second one");
    await untilUsed(lab, third);
  },
};
