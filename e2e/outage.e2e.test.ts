import { describe, expect, it } from "vitest";
import { runScenario } from "../lab/run-scenario.ts";
import type { Scenario } from "../lab/scenario.ts";
import { outage401 } from "../lab/scenarios/outage-401.ts";
import { outageAtStart } from "../lab/scenarios/outage-at-start.ts";
import { outageSilent200 } from "../lab/scenarios/outage-silent-200.ts";

const events = 3_000;
/** Files must still land when Segment begins to refuse: an outage by refusal is noticed by a delivery. */
const feedSeconds = 6;

const runSmall = (scenario: Scenario) =>
  runScenario({
    scenario: { ...scenario, setup: { ...scenario.setup, feedSeconds } },
    events,
    seed: 3,
    keep: false,
    say: () => undefined,
    signal: new AbortController().signal,
  });

describe.concurrent("an outage of the credentials, with real processes", () => {
  it.for([
    ["held batches wait while Segment refuses, one is tried now and then, and each arrives once afterwards", outage401],
    ["a key that was never good is sent nothing, and everything arrives once it is", outageAtStart],
  ] as const)("%s", async ([, scenario], { expect: expectHere }) => {
    const report = await runSmall(scenario);
    expectHere(report).toMatchObject({ faults: [], lost: 0, suspect: 0, doubled: 0, conservation: true });
    expectHere(report.delivered).toBe(report.expected);
  });

  it("a key that dies behind a 200 is noticed by the next check; only what went out before is suspect", async () => {
    const report = await runSmall(outageSilent200);
    expect(report).toMatchObject({ faults: [], lost: 0, doubled: 0, conservation: true });
    expect(report.delivered + report.suspect).toBe(report.expected);
  });
});
