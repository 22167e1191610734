import type { OutageState } from "@currents-relay/deliver/core/outage-state.ts";
import type { QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { CurrentsOptions } from "@currents-relay/sim/currents-maker/make-currents.ts";
import type { Control } from "@currents-relay/sim/segment-sim/control.ts";
import type { StageName } from "./stage-supervisor.ts";

/** One way to break things: `pnpm lab NAME`. */
export interface Scenario {
  name: string;
  /** What is done, in a line. */
  about: string;
  /** How many events, unless the command line says so: ends within a minute on two cores. */
  events: number;
  setup?: ScenarioSetup;
  /** Breaks things while files land. Whatever it leaves undone is waited for afterwards, and judged. */
  run(lab: Lab): Promise<void>;
}

export interface ScenarioSetup {
  /** Default: one process of each stage. */
  processes?: Partial<Record<StageName, number>>;
  /** Default: `acme` alone. Each has a write key, a folder and events of its own. */
  workspaces?: readonly string[];
  /** Over how long the files land; default 12, or less for a run below 12,000 events. */
  feedSeconds?: number;
  /** What is in the files, other than usual. */
  currents?: Partial<CurrentsOptions>;
  /** How often each file lands, under other names each time; default 1. */
  copies?: number;
  /** More settings of `segment` in the configuration. */
  segment?: Readonly<Record<string, unknown>>;
  /** `expiry` of every workspace. */
  expiry?: Readonly<Record<string, unknown>>;
  /** How the stand-in behaves from the start. */
  standIn?: Control;
  /** A key dies unnoticed: what Segment throws away behind a 200 then is suspect, not lost. */
  suspects?: boolean;
  /** Events whose ids begin so must end in quarantine for this reason, and never arrive. */
  quarantined?: readonly { idPrefix: string; reason: QuarantineReason }[];
}

/** What a scenario can do. Every wait rejects when the lab is interrupted. */
export interface Lab {
  /** Files of so many events land in all, in each workspace. */
  events: number;
  /** Repeats `step` as long as files land or much is still on its way. */
  whileBusy(step: () => Promise<void>): Promise<void>;
  /** Resolves when Segment has accepted this share (0 to 1) of the events that are to arrive. */
  untilAccepted(share: number): Promise<void>;
  /** A random time between the two, or exactly the first. */
  pause(fromMs: number, toMs?: number): Promise<void>;
  /** kill -9 of one process of the stage (of any, where left out); waits for one to be there. */
  kill(stage?: StageName): Promise<void>;
  /** SIGTERM to one process, and a second one `secondAfterMs` later where given; must end in time with exit code 0. */
  terminate(stage: StageName, secondAfterMs?: number): Promise<void>;
  killRedis(): Promise<void>;
  restartRedis(): Promise<void>;
  /** How much memory Redis uses now, in bytes. */
  redisUsesBytes(): Promise<number>;
  /** 0: without limit. */
  limitRedis(bytes: number): Promise<void>;
  /** How the stand-in behaves from now on. */
  standIn(control: Control): void;
  /** Answers to accepted requests may get lost until `during` ends, so the same ids may come again: no crash, the same. */
  whileAnswersGetLost(during: () => Promise<void>): Promise<void>;
  /** Resolves when the outage of the workspace (the first, where left out) is in that state. */
  untilOutage(kind: OutageState["kind"], workspace?: string): Promise<OutageState>;
  /**
   * While holding: no batch may be sent while `during` runs, but for what was under way before; with `trials`, one batch
   * after every good word of the settings endpoint. Of all workspaces together.
   */
  whileQuiet(during: () => Promise<void>, options?: { trials?: boolean }): Promise<void>;
  /** What is held now, in the first workspace, must have arrived in the order in which it was held when `during` ends. */
  whileHeldComeInOrder(during: () => Promise<void>): Promise<void>;
  /** No workspace may be in any other state while `during` runs. */
  whileFlowing(during: () => Promise<void>): Promise<void>;
  /** The stand-in no longer knows the key: 200, thrown away, settings 404. Resolves when held; that must be in time. */
  killKey(workspace: string): Promise<void>;
  /** Edits relay.yaml, while everything runs. */
  setWriteKey(workspace: string, writeKey: string): Promise<void>;
  /** How many batch requests there were, of all workspaces. */
  batchRequests(): number;
  /** How many events Segment has accepted by this write key. */
  acceptedBy(writeKey: string): number;
  /**
   * Whatever lands from now on counts, for the latencies, to this part of the run. `asFastAs`: the p99 of this workspace
   * must be within 20 % of its p99 in that earlier part (and {@link noiseMs}, for what the machine adds).
   */
  phase(name: string, expected?: { workspace: string; asFastAs: string }): void;
  /** Resolves when all files have landed and nothing but dead letters waits. */
  untilLanded(): Promise<void>;
  /** Events among the dead letters, of all workspaces. */
  heldEvents(): Promise<number>;
  /** Virtual time: to the processes it is so much later. */
  passHours(hours: number): Promise<void>;
  /** Runs a `relay` command on the lab's configuration, in its folder. */
  relay(...args: string[]): Promise<void>;
  /** Something that must not be; the scenario goes on. */
  fault(what: string): void;
}
