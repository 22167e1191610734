import { join } from "node:path";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { jobKey, spoolEntryKey } from "@currents-relay/shared/core/keys.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { beforeEach, expect, test } from "vitest";
import { aConfig, aFolder, runRelay, startRelayCommand } from "./support/command-line.ts";
import { useSegmentAndRedis } from "./support/segment-and-redis.ts";
import { until } from "./support/until.ts";

const at = useSegmentAndRedis();
beforeEach(() => at.client.flushall());

const events = 60;

/** The payloads that wait for a stage, each by its job's id. */
const waitingFor = async (letter: "t" | "d"): Promise<JobId[]> => {
  const keys = await at.client.keys(spoolEntryKey("acme", `${letter}-*` as JobId));
  // keys.ts makes them so; the rest of a payload is found by the first part of it.
  return keys.filter((key) => !key.endsWith(":rest")).map((key) => key.slice(key.lastIndexOf(":") + 1) as JobId);
};

/** Cuts some bytes off, as a disk or a hand may; the job has had nine of its ten attempts. */
const damage = async (kind: "transform" | "deliver", id: JobId): Promise<void> => {
  const first = spoolEntryKey("acme", id);
  const last = (await at.client.exists(`${first}:rest`)) === 1 ? `${first}:rest` : first;
  const bytes = await at.client.getBuffer(last);
  await at.client.set(last, bytes?.subarray(0, -6) ?? "");
  await at.client.hset(jobKey(kind, "acme", id), "atm", 9);
};

test.for([
  ["transform", "t", ["ingest"]],
  ["deliver", "d", ["ingest", "transform"]],
] as const)(
  "a payload for %s that is damaged in Redis goes to quarantine, as far as it is there, and is told",
  async ([kind, letter, before]) => {
    const folder = await aFolder({ "relay.yaml": aConfig({ segment: at.segment.url, redis: at.redis.url }) });
    const run = (line: string) => runRelay(line.split(" "), { cwd: folder });
    const made = { events, eventTypes: ["users.messages.email.Open"], eventsPerFile: events };
    await makeCurrents({ into: join(folder, "currents"), ...made });
    const earlier = before.map((stage) => startRelayCommand([stage], { cwd: folder }));
    await until("its payload waits", async () => (await waitingFor(letter)).length === 1);
    await until("its job waits", async () => (await at.client.llen(`relay:${kind}-acme:wait`)) === 1);
    for (const one of earlier) one.signal("SIGTERM");
    await Promise.all(earlier.map(({ ended }) => ended));
    const [id = "" as JobId] = await waitingFor(letter);
    const stored = await at.client.strlen(spoolEntryKey("acme", id));
    await damage(kind, id);

    expect((await run("start --once")).stderr).toContain("job.poison: it goes to quarantine as a whole");
    expect(at.segment.ids().size).toBe(0);
    expect((await run("dlq list")).stdout).toContain("poison");
    const shown = await run(`dlq show q-${id}-poison`);
    expect(shown.stdout).toContain("failed 10 times: the payload is damaged in Redis (unexpected end of file)");
    expect(shown.stdout).toContain("Nothing of it can be shown: its payload is damaged.");
    expect(await at.client.strlen(spoolEntryKey("acme", `q-${id}-poison` as JobId))).toBeGreaterThan(stored / 2);
    const replayed = await run("dlq replay");
    expect(replayed.code).toBe(1);
    expect(replayed.stdout).toContain(`${events} stay: poison (its payload is damaged)`);
    expect((await run("status --json")).stdout).toContain('"holds":true');
  },
);
