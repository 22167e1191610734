import type { Rule } from "@currents-relay/sim/segment-sim/rules.ts";
import type { Scenario } from "../scenario.ts";

const batch = { route: "batch" } as const;

/** Every client can tell that nothing was accepted, so nothing may come twice. */
const clearRefusals: Rule[] = [
  { match: batch, everyNth: 5, times: 2, then: { status: 429, headers: { "Retry-After": "1" } } },
  { match: batch, everyNth: 7, times: 2, then: { status: 429, retryAfterDateSeconds: 2 } },
  { match: batch, everyNth: 6, times: 3, then: { status: 503, body: "no upstream" } },
  { match: batch, everyNth: 8, times: 2, then: { status: 500 } },
  { match: batch, everyNth: 9, times: 2, then: { reset: true } },
  { match: batch, everyNth: 4, times: 1, then: { redirect: 302 } },
  { match: batch, everyNth: 3, times: 2, then: { redirect: 308 } },
  { match: batch, everyNth: 11, times: 1, then: { hang: true } },
  { match: batch, everyNth: 2, times: 10, then: { delayMs: 400 } },
];

/** The client cannot know that the batch was accepted: the same ids come again. */
const lostAnswers: Rule[] = [
  { match: batch, everyNth: 4, times: 3, then: { reset: true, when: "after" } },
  { match: batch, everyNth: 5, times: 2, then: { status: 502, when: "after" } },
  { match: batch, everyNth: 7, times: 1, then: { hang: true, when: "after" } },
];

export const segmentFlaky: Scenario = {
  name: "segment-flaky",
  about: "429 with Retry-After, 5xx, resets, redirects, slow and missing answers; then answers lost after accepting",
  events: 30_000,
  setup: { segment: { requestTimeout: "4s" }, standIn: { rules: clearRefusals } },
  run: async (lab) => {
    await lab.untilAccepted(0.5);
    lab.standIn({ rules: [] });
    await lab.pause(1_000);
    await lab.whileAnswersGetLost(async () => {
      lab.standIn({ rules: lostAnswers });
      await lab.untilAccepted(0.9);
      lab.standIn({ rules: [] });
    });
  },
};
