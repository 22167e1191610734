import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeadLetterJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { gatheringLog } from "@currents-relay/shared/testing/gathering-log.ts";
import { expect, onTestFinished, test } from "vitest";
import { expiredToArchive } from "./expired-to-archive.ts";

const id = "d-1f-0" as JobId; // a test's own
const data: DeadLetterJob = {
  v: 1,
  connector: "engagement",
  calls: 1,
  bytes: 9,
  landedAtMs: 1,
  heldAtMs: 2,
  heldFor: "unauthorized",
  origin: { uri: "file:///a", blockOffset: 0 },
};

test("where the archive cannot be written the batch stays held, and that is said once a minute", async () => {
  const root = await mkdtemp(join(tmpdir(), "relay-expired-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const folder = join(root, "archive");
  await writeFile(folder, "a file stands where the folder should be");
  const [logged, noted]: [string[], string[]] = [[], []];
  const spool = { read: async () => Buffer.from('{"a":"b"}') };
  const archive = expiredToArchive(
    { workspace: "acme", archive: { folder }, spool, log: gatheringLog(logged) },
    async (ids) => void noted.push(...ids),
  );
  expect([await archive(id, data), await archive(id, data)]).toEqual([false, false]);
  expect(logged).toEqual([expect.stringContaining("archive.failed")]);
  await rm(folder);
  expect(await archive(id, data)).toBe(true);
  expect(noted).toEqual([id, id, id]);
});
