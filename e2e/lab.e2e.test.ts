import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Report } from "../lab/report.ts";
import { runScenario } from "../lab/run-scenario.ts";
import type { Scenario } from "../lab/scenario.ts";

const run = promisify(execFile);
const lab = join(import.meta.dirname, "../lab/main.ts");

/** A killed process' work waits for its lock and for the sweeper, so a scenario lasts longer than other tests. */
const withinMs = 240_000;

interface CommandEnd {
  code: number;
  stdout: string;
  stderr: string;
}

const labCommand = (...args: string[]): Promise<CommandEnd> =>
  run(process.execPath, [lab, ...args]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    // What execFile rejects with when the command ended with another code than 0.
    (error: unknown) => error as CommandEnd,
  );

describe.concurrent("nothing is lost and nothing is sent twice", () => {
  it.for([
    ["kill-all", 6_000],
    ["kill-redis", 6_000],
    ["redis-full", 8_000],
    ["segment-flaky", 8_000],
    ["poison", 5_000],
    ["duplicates", 5_000],
    ["shutdown", 6_000],
  ] as const)("%s", { timeout: withinMs }, async ([name, events], { expect: expectHere }) => {
    const { code, stdout, stderr } = await labCommand(name, "--events", String(events), "--json");
    expectHere(stdout, stderr).not.toBe("");
    const report = JSON.parse(stdout) as Report; // the lab's own contract
    expectHere(report).toMatchObject({ faults: [], lost: 0, doubled: 0, unexpected: 0, conservation: true });
    expectHere(report.delivered).toBe(report.expected);
    expectHere(code).toBe(0);
  });
});

describe("the lab itself", () => {
  const batch = { route: "batch" } as const;
  /** Segment throws one batch away behind a 200, and takes another one twice: no relay can know. */
  const treacherous: Scenario = {
    name: "treacherous",
    about: "a loss and a double that nothing explains",
    events: 2_000,
    setup: {
      standIn: {
        rules: [
          { match: batch, times: 1, then: { discard: true } },
          { match: batch, times: 1, then: { status: 503, when: "after" } },
        ],
      },
    },
    run: (opened) => opened.untilAccepted(0.5),
  };

  it(
    "sees a loss and a double that no crash explains, names them and keeps the logs",
    { timeout: 60_000 },
    async () => {
      const options = { scenario: treacherous, events: 2_000, seed: 7, keep: false };
      const report = await runScenario({ ...options, say: () => undefined, signal: new AbortController().signal });
      const { folder = "" } = report;
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      expect(report).toMatchObject({ ok: false, unexpected: 0, repeats: 0 });
      expect(report.lost).toBeGreaterThan(0);
      expect(report.doubled).toBeGreaterThan(0);
      expect(report.faults.join("\n")).toContain(report.examples.lost[0]);
      expect(existsSync(join(folder, "deliver-1.log"))).toBe(true);
    },
  );

  it("refuses a scenario that it does not have, with the list of those that it has", async () => {
    const { code, stderr } = await labCommand("kill-everybody");
    expect(code).toBe(64);
    expect(stderr).toContain("kill-all");
  });

  it("refuses a size that is no count", async () => {
    expect((await labCommand("kill-all", "--events", "many")).code).toBe(64);
  });
});
