import { copyFile, mkdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventTypes } from "@currents-relay/sim/currents-maker/catalog.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { idsToDeliver, type Manifest } from "@currents-relay/sim/currents-maker/manifest.ts";
import type { Landing } from "./latency.ts";
import type { ScenarioSetup } from "./scenario.ts";

/** What has landed so far, in all workspaces. */
export interface Landed {
  /** Ids that must arrive, each once. */
  expected: Set<string>;
  /** Different ids that must end in quarantine, by reason. */
  quarantined: Record<string, number>;
  /** Records written, repeats, copies and unreadable ones included. */
  records: number;
  /** Those of them in blocks that can be read. */
  readable: number;
  /** Files, by workspace. */
  files: Map<string, number>;
  /** Of expected ids. */
  landings: Map<string, Landing>;
}

export const nothingLanded = (): Landed => ({
  expected: new Set(),
  quarantined: {},
  records: 0,
  readable: 0,
  files: new Map(),
  landings: new Map(),
});

export interface FeedOptions {
  workspace: string;
  /** The folder that the workspace's connector reads. */
  folder: string;
  events: number;
  seed: number;
  setup: ScenarioSetup;
  landed: Landed;
  signal: AbortSignal;
}

const maxPortions = 12;
/** Long enough for several kills while files land; a small run lasts shorter. */
const usualFeedSeconds = (events: number): number => Math.min(12, events / 1_000);

/**
 * Writes Currents files below the folder, a portion now and a portion then, each of other event types, until all
 * events are there; what landed is added to `landed`. The same seed gives the same files.
 */
export const feed = async (options: FeedOptions): Promise<void> => {
  const { events, setup, signal } = options;
  const portions = Math.min(maxPortions, events);
  const everyMs = ((setup.feedSeconds ?? usualFeedSeconds(events)) * 1_000) / portions;
  const startedMs = performance.now();
  for (let portion = 0; portion < portions; portion += 1) {
    const share = Math.floor(events / portions) + (portion < events % portions ? 1 : 0);
    await landPortion(options, portion, { portions, share });
    const dueMs = startedMs + (portion + 1) * everyMs;
    if (portion + 1 < portions) await delay(Math.max(0, dueMs - performance.now()), undefined, { signal });
  }
};

const landPortion = async (
  { workspace, folder, events, seed, setup, landed, signal }: FeedOptions,
  portion: number,
  { portions, share }: { portions: number; share: number },
): Promise<void> => {
  const atMs = Date.now();
  const into = join(folder, `${portion}-0`);
  const manifest = await makeCurrents({
    eventTypes: eventTypes.filter((_, index) => index % portions === portion),
    eventsPerFile: Math.max(250, Math.min(15_000, Math.ceil(events / 200))),
    codec: "mixed",
    layout: "mixed",
    duplicatesShare: 0.02,
    anonymousShare: 0.03,
    ...setup.currents,
    into,
    events: share,
    seed: seed * 1_000 + portion,
    signal,
  });
  signal.throwIfAborted();
  const copies = setup.copies ?? 1;
  note(landed, { landing: { workspace, atMs }, manifest, copies, quarantined: setup.quarantined ?? [] });
  for (let copy = 1; copy < copies; copy += 1)
    for (const { path } of manifest.files) await copyWhole(join(into, path), join(folder, `${portion}-${copy}`, path));
};

/** Appears whole, as an upload does. */
const copyWhole = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true });
  const hidden = join(dirname(to), `.${basename(to)}.part`);
  await copyFile(from, hidden);
  await rename(hidden, to);
};

interface Portion {
  landing: Landing;
  manifest: Manifest;
  copies: number;
  quarantined: NonNullable<ScenarioSetup["quarantined"]>;
}

const note = (landed: Landed, { landing, manifest, copies, quarantined }: Portion): void => {
  const { workspace } = landing;
  landed.files.set(workspace, (landed.files.get(workspace) ?? 0) + manifest.files.length * copies);
  for (const { records, readable } of manifest.files) {
    landed.records += records * copies;
    landed.readable += readable * copies;
  }
  for (const { id } of idsToDeliver(manifest)) {
    const refused = quarantined.find(({ idPrefix }) => id.startsWith(idPrefix));
    if (refused) landed.quarantined[refused.reason] = (landed.quarantined[refused.reason] ?? 0) + 1;
    else {
      landed.expected.add(id);
      landed.landings.set(id, landing);
    }
  }
};
