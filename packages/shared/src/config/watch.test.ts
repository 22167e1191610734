import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { type LoadedConfig, loadConfig } from "./load.ts";
import { watchConfig } from "./watch.ts";

const aConfig = (region: string): string => `version: 1
workspaces:
  acme:
    segment: { writeKey: "\${file:key}", region: ${region} }
    connectors: { a: { source: { type: folder, path: . } } }
`;

/** A folder with a configuration and its secret file, and what a watch over it has reported. */
const watched = (before: (folder: string) => void = () => undefined) => {
  const folder = mkdtempSync(join(tmpdir(), "relay-watch-"));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write("key", "first-key");
  write("relay.yaml", aConfig("us"));
  const load = () => loadConfig(join(folder, "relay.yaml"), { variables: {} });
  const first = load();
  before(folder);
  const reported: LoadedConfig[] = [];
  const loads = { count: 0 };
  const broken: { why?: string | undefined } = {};
  const watcher = watchConfig({
    first,
    load: () => {
      loads.count++;
      if (broken.why !== undefined) throw new Error(broken.why);
      return load();
    },
    onChange: (loaded) => reported.push(loaded),
    everyMs: 5,
  });
  onTestFinished(() => {
    watcher.stop();
    rmSync(folder, { recursive: true });
  });
  return { folder, write, reported, loads, broken, watcher };
};

const segmentIn = (loaded: LoadedConfig | undefined) =>
  loaded?.kind === "ok" ? loaded.config.workspaces["acme"]?.segment : undefined;

test("a changed file is reported once", async () => {
  const { write, reported } = watched();
  write("relay.yaml", aConfig("eu"));
  await eventually(() => expect(segmentIn(reported.at(-1))?.region).toBe("eu"));
  write("key", "second-key");
  await eventually(() => expect(segmentIn(reported.at(-1))?.writeKey.reveal()).toBe("second-key"));
  expect(reported).toHaveLength(2);
});

test("a change between the first reading and the watch is seen", async () => {
  const { reported } = watched((folder) => writeFileSync(join(folder, "key"), "second-key"));
  await eventually(() => expect(segmentIn(reported[0])?.writeKey.reveal()).toBe("second-key"));
});

test("a secret behind a link that is swapped is seen, as Kubernetes does it", async () => {
  const { folder, write, reported } = watched();
  write("mounted", "second-key");
  symlinkSync("mounted", join(folder, "key.new"));
  renameSync(join(folder, "key.new"), join(folder, "key"));
  await eventually(() => expect(segmentIn(reported[0])?.writeKey.reveal()).toBe("second-key"));
});

test("a faulty file is reported with its faults, and the next good one is taken", async () => {
  const { folder, write, reported } = watched();
  // Whole at once: a half-written file would be one more faulty reading.
  const replace = (text: string) => {
    write("relay.yaml.new", text);
    renameSync(join(folder, "relay.yaml.new"), join(folder, "relay.yaml"));
  };
  replace(aConfig("uk"));
  await eventually(() => expect(reported.at(-1)).toMatchObject({ kind: "faulty" }));
  replace(aConfig("eu"));
  await eventually(() => expect(segmentIn(reported.at(-1))?.region).toBe("eu"));
});

test("a secret file that is gone is a fault, and is still watched: its return is seen", async () => {
  const { folder, write, reported } = watched();
  rmSync(join(folder, "key"));
  await eventually(() => expect(reported.at(-1)).toMatchObject({ kind: "faulty" }));
  write("key", "second-key");
  await eventually(() => expect(segmentIn(reported.at(-1))?.writeKey.reveal()).toBe("second-key"));
});

test("a reading that throws is a faulty one, told once and without its words; the next good one is taken", async () => {
  const { write, reported, loads, broken } = watched();
  broken.why = "the-secret";
  write("relay.yaml", aConfig("eu"));
  await eventually(() => expect(reported.at(-1)).toMatchObject({ kind: "faulty" }));
  expect(JSON.stringify(reported)).toMatch(/relay\.yaml: cannot be read because of a bug in relay: Error at /);
  expect(JSON.stringify(reported)).not.toContain("the-secret");
  broken.why = undefined;
  write("key", "second-key");
  await eventually(() => expect(segmentIn(reported.at(-1))?.region).toBe("eu"));
  expect(loads.count).toBe(2);
});

test("a stopped watch looks no more", async () => {
  const { write, loads, watcher } = watched();
  watcher.stop();
  write("relay.yaml", aConfig("eu"));
  const other = watched();
  other.write("relay.yaml", aConfig("eu"));
  await eventually(() => expect(other.reported).toHaveLength(1));
  expect(loads.count).toBe(0);
});
