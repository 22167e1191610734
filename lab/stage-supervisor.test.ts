import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { ProcessEnd } from "./leashed-process.ts";
import { stageNames, superviseStages } from "./stage-supervisor.ts";

/** One process of each stage, none of which gets further than its configuration, which is not there. */
const supervise = async (onCrash: (name: string, end: ProcessEnd) => void) => {
  const folder = await mkdtemp(join(tmpdir(), "relay-supervisor-"));
  const processes = { ingest: 1, transform: 1, deliver: 1 };
  const stages = superviseStages({ config: join(folder, "none.yaml"), folder, processes, onCrash });
  onTestFinished(async () => {
    await stages.stop(1_000);
    await rm(folder, { recursive: true, force: true });
  });
  return stages;
};

it("does not tell of an end that came before it was asked to stop", async () => {
  const crashes: string[] = [];
  const stages = await supervise((name) => void crashes.push(name));
  const victims = stageNames.flatMap((stage) => stages.running(stage));
  for (const one of victims) one.kill("SIGKILL");
  expect((await Promise.all(victims.map((one) => one.ended))).map(({ signal }) => signal)).toEqual(
    stageNames.map(() => "SIGKILL"),
  );
  expect([...(await stages.stop(1_000))]).toEqual([]);
  expect(crashes).toEqual([]);
});

it("tells how those ended that were alive, and who ended unasked", async () => {
  const crashes: string[] = [];
  const stages = await supervise((name, { code }) => void crashes.push(`${name}: ${code}`));
  const ends = await stages.stop(10_000);
  expect([...ends.keys()].toSorted()).toEqual(["deliver-1", "ingest-1", "transform-1"]);
  expect(new Set([...ends.values()].map(({ code }) => code)).size).toBe(1);
  expect(crashes.toSorted()).toEqual(
    stageNames.map((stage) => `${stage}-1: ${ends.get(`${stage}-1`)?.code}`).toSorted(),
  );
});
