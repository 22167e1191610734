import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import type { ProcessEnd } from "./leashed-process.ts";
import { stageNames, superviseStages } from "./stage-supervisor.ts";

vi.setConfig({ testTimeout: 60_000 });

const oneOfEach = { ingest: 1, transform: 1, deliver: 1 };

/** Processes that get no further than their configuration, which is not there. */
const supervise = async (onCrash: (name: string, end: ProcessEnd) => void, processes = oneOfEach) => {
  const folder = await mkdtemp(join(tmpdir(), "relay-supervisor-"));
  const stages = superviseStages({ config: join(folder, "none.yaml"), folder, processes, onCrash });
  onTestFinished(async () => {
    await stages.stop(1_000);
    await rm(folder, { recursive: true, force: true });
  });
  return stages;
};

it("does not tell of an end that came before it was asked to stop", async () => {
  const crashes: string[] = [];
  // One alone: while others are waited for, it is started again.
  const stages = await supervise((name) => void crashes.push(name), { ...oneOfEach, transform: 0, deliver: 0 });
  const [victim] = stages.running("ingest");
  victim?.kill("SIGKILL");
  expect(await victim?.ended).toMatchObject({ signal: "SIGKILL" });
  expect([...(await stages.stop(1_000))]).toEqual([]);
  expect(crashes).toEqual([]);
});

it("tells how those ended that were alive, and who ended unasked", async () => {
  const crashes: string[] = [];
  const stages = await supervise((name, { code }) => void crashes.push(`${name}: ${code}`));
  const ends = await stages.stop(50_000);
  expect([...ends.keys()].toSorted()).toEqual(["deliver-1", "ingest-1", "transform-1"]);
  expect(new Set([...ends.values()].map(({ code }) => code)).size).toBe(1);
  expect(crashes.toSorted()).toEqual(
    stageNames.map((stage) => `${stage}-1: ${ends.get(`${stage}-1`)?.code}`).toSorted(),
  );
});
