import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ArchivedBatch } from "../core/archive-format.ts";
import { folderArchive } from "./archive-folder.ts";

const aBatch = (id: string, calls = 2, over: Partial<ArchivedBatch> = {}): ArchivedBatch => ({
  id: id as JobId, // as deliverJobId makes them
  calls: Array.from(
    { length: calls },
    (_, index) => `{"type":"track","messageId":"${id}-${index}","x":"\u2028é"}`,
  ).join(",\n"),
  count: calls,
  connector: "engagement",
  heldSinceMs: Date.UTC(2026, 10, 23, 14, 0, 0),
  landedAtMs: Date.UTC(2026, 10, 23, 13, 0, 0),
  origin: { uri: "file:///currents/a.avro", blockOffset: 512 },
  ...over,
});

describe("an archive in a folder", () => {
  let parent: string;
  let folder: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "relay-archive-"));
    folder = join(parent, "not", "made", "yet");
  });
  afterEach(() => rm(parent, { recursive: true, force: true }));

  const archiveOf = (workspace = "acme") => folderArchive({ folder, workspace });
  const readAll = async (uri: string, archive = archiveOf()) => {
    const batches: ArchivedBatch[] = [];
    for await (const batch of archive.read(uri)) batches.push(batch);
    return batches;
  };
  const names = async () =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((one) => one.isFile())
      .map(({ name }) => name);

  it("gives back the batches that were written, with the same ids and every byte of the calls", async () => {
    const batches = [aBatch("d-1f-0", 500), aBatch("d-1f-1", 1), aBatch("d-2e-0a", 77)];
    const { uri } = await archiveOf().write(batches);
    expect(await readAll(uri)).toEqual(batches);
  });

  it("is a gzip of lines of JSON, in a folder for the workspace and one for the day", async () => {
    const { uri } = await archiveOf().write([aBatch("d-1f-0")]);
    const path = fileURLToPath(uri);
    expect(dirname(path)).toBe(join(folder, "acme", "2026-11-23"));
    expect(path).toMatch(/d-1f-0-[0-9a-f]{12}\.ndjson\.gz$/);
    const lines = gunzipSync(await readFile(path))
      .toString()
      .trimEnd()
      .split("\n");
    expect(lines.slice(2).join(",\n")).toBe(aBatch("d-1f-0").calls);
    expect((await stat(path)).mode & 0o007).toBe(0);
  });

  it("that is written again after a crash is the same file", async () => {
    const batches = [aBatch("d-1f-0"), aBatch("d-1f-1")];
    const first = await archiveOf().write(batches);
    const bytes = await readFile(new URL(first.uri));
    await truncate(fileURLToPath(first.uri), 20);
    const [second, third] = await Promise.all([archiveOf().write(batches), archiveOf().write(batches)]);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(await names()).toHaveLength(1);
    expect(await readFile(new URL(first.uri))).toEqual(bytes);
  });

  it("is not written over by other batches, even if the first is the same", async () => {
    const { uri } = await archiveOf().write([aBatch("d-1f-0"), aBatch("d-1f-1")]);
    await archiveOf().write([aBatch("d-1f-0")]);
    expect(await readAll(uri)).toHaveLength(2);
    expect(await archiveOf().list()).toHaveLength(2);
  });

  it("lists its files by the time since when they were held, without other workspaces' and unfinished ones", async () => {
    expect(await archiveOf().list()).toEqual([]);
    const times = [Date.UTC(2026, 10, 24, 1), Date.UTC(2026, 10, 23, 9), Date.UTC(2026, 10, 23, 10)];
    const uris: string[] = [];
    for (const [index, heldSinceMs] of times.entries())
      uris.push((await archiveOf().write([aBatch(`d-${9 - index}`, 1, { heldSinceMs })])).uri);
    await archiveOf("other").write([aBatch("d-1f-0")]);
    const day = join(folder, "acme", "2026-11-23");
    await writeFile(join(day, ".x.ndjson.gz.1.tmp"), "half");
    await writeFile(join(day, ".x.ndjson.gz"), "hidden");
    await writeFile(join(day, "README"), "notes");
    const listed = await archiveOf().list();
    expect(listed.map(({ uri }) => uri)).toEqual([uris[1], uris[2], uris[0]]);
    expect(listed[0]?.bytes).toBe((await stat(new URL(uris[1]!))).size);
  });

  it("that cannot be written leaves nothing behind", async () => {
    const { uri } = await archiveOf().write([aBatch("d-1f-0")]);
    await rm(new URL(uri));
    await mkdir(join(fileURLToPath(uri), "in-the-way"), { recursive: true });
    await expect(archiveOf().write([aBatch("d-1f-0")])).rejects.toThrow("rename");
    await expect(archiveOf().write([aBatch("d-1f-1", 2, { count: 3 })])).rejects.toThrow("one a line");
    expect(await names()).toEqual([]);
  });

  it("killed in the middle of writing leaves whole files only", async () => {
    const script = `
      import { folderArchive } from ${JSON.stringify(new URL("archive-folder.ts", import.meta.url).href)};
      const archive = folderArchive(${JSON.stringify({ folder, workspace: "acme" })});
      const calls = Array.from({ length: 2000 }, () => JSON.stringify({ x: Math.random().toString(36).repeat(20) }));
      const batch = { calls: calls.join(",\\n"), count: 2000, connector: "c", heldSinceMs: 0, landedAtMs: 0, origin: { uri: "", blockOffset: 0 } };
      for (let index = 0; ; index++) await archive.write([{ ...batch, id: "d-" + index }]);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" });
    const ended = once(child, "exit");
    const { poll } = expect;
    try {
      await poll(async () => (await archiveOf().list()).length, { interval: 5 }).toBeGreaterThan(1);
      await poll(async () => (await names()).some((name) => name.endsWith(".tmp")), { interval: 1 }).toBe(true);
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
    for (const { uri } of await archiveOf().list()) expect((await readAll(uri))[0]?.count).toBe(2_000);
  });

  describe("that is damaged", () => {
    const damaged = async (damage: (path: string, bytes: Buffer) => Promise<void>) => {
      const { uri } = await archiveOf().write([aBatch("d-1f-0", 500), aBatch("d-1f-1", 500)]);
      const path = fileURLToPath(uri);
      await damage(path, await readFile(path));
      return uri;
    };
    const expectFault = async (uri: string, said: string) => {
      const given: ArchivedBatch[] = [];
      const reading = async () => {
        for await (const batch of archiveOf().read(uri)) given.push(batch);
      };
      const fault = { name: "ArchiveCorrupt", message: expect.stringContaining(said) };
      await expect(reading()).rejects.toMatchObject(fault);
      await expect(reading()).rejects.toThrow(uri);
      expect(given).toEqual([]);
    };

    it("gives nothing and says so: cut off, flipped, empty, no gzip", async () => {
      await expectFault(await damaged((path, bytes) => truncate(path, bytes.length - 9)), "unexpected end of file");
      await expectFault(await damaged((path) => truncate(path, 0)), "unexpected end of file");
      await expectFault(await damaged((path) => writeFile(path, "PK not gzip")), "incorrect header check");
      const flip = (at: number) =>
        damaged((path, bytes) => writeFile(path, bytes.with(at < 0 ? bytes.length + at : at, 0x55)));
      await expectFault(await flip(-8), "incorrect data check"); // the checksum, after all the data
    });

    it("gives nothing of a line without an end, or one that would fill the memory", async () => {
      const put = (text: string) => damaged((path) => writeFile(path, gzipSync(text)));
      await expectFault(await put('{"relayArchive":1'), "no end");
      await expectFault(await put("x".repeat(3_000_000)), "1000000 bytes");
    });

    it("gives nothing of another workspace's archive", async () => {
      const { uri } = await archiveOf("other").write([aBatch("d-1f-0")]);
      await expectFault(uri, 'belongs to the workspace "other"');
    });
  });

  it("can be read from anywhere, and where there is none that is said", async () => {
    const { uri } = await archiveOf().write([aBatch("d-1f-0")]);
    const elsewhere = join(parent, "moved.ndjson.gz");
    await rename(fileURLToPath(uri), elsewhere);
    expect(await readAll(pathToFileURL(elsewhere).href)).toHaveLength(1);
    await expect(readAll(uri)).rejects.toThrow(`there is no archive ${uri}`);
  });

  it("need not be read to its end", async () => {
    const { uri } = await archiveOf().write([aBatch("d-1f-0", 500), aBatch("d-1f-1")]);
    for await (const { id } of archiveOf().read(uri)) {
      expect(id).toBe("d-1f-0");
      break;
    }
  });
});
