import type { Scenario } from "../scenario.ts";

const settings = { route: "settings" } as const;

export const outageSettingsDown: Scenario = {
  name: "outage-settings-down",
  about: "the settings endpoint answers 500, then nothing at all, while events are accepted: that is no outage",
  events: 20_000,
  setup: { segment: { requestTimeout: "2s" }, feedSeconds: 16 },
  run: async (lab) => {
    await lab.untilAccepted(0.2);
    await lab.whileFlowing(async () => {
      lab.standIn({ rules: [{ match: settings, then: { status: 500 } }] });
      await lab.untilAccepted(0.4);
      lab.standIn({ rules: [{ match: settings, then: { hang: true } }] });
      await lab.untilAccepted(0.8);
      lab.standIn({ rules: [] });
    });
  },
};
