import { expect, test } from "vitest";
import type { QuarantineJob } from "../contracts/jobs.ts";
import type { JobId } from "../core/ids.ts";
import { fakeHandOver } from "../testing/fake-hand-over.ts";
import { setWholeJobAside } from "./set-aside.ts";

test.each([undefined, { run: "run-1", apart: true } as const])(
  "a whole job goes to quarantine with what a replay needs, and all of its events are counted (re-reading: %o)",
  async (reread) => {
    const quarantine = fakeHandOver<QuarantineJob>();
    const job = { id: "t-file-0-0" as JobId, connector: "engagement", landedAtMs: 7, uri: "file:///a.avro" };
    const payload = Buffer.from("a chunk");
    const why = { reason: "poison" as const, cause: new Error("it ended its worker") };
    const tally = await setWholeJobAside(quarantine.handOver, { ...job, events: 3, payload, reread }, why);
    expect(tally).toEqual({ in: 3, "quarantined:poison": 3 });
    const [aside] = quarantine.taken.values();
    expect(aside).toMatchObject({ payload, events: 3, data: { from: job.id, reason: "poison", landedAtMs: 7 } });
    expect(aside?.data.ofReread).toEqual(reread);
  },
);
