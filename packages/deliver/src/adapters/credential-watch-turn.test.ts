import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { describe, expect, it } from "vitest";
import type { OutageEvent, ProbeResult } from "../core/outage-event.ts";
import { firstOutageState, type OutageState } from "../core/outage-state.ts";
import { step } from "../core/outage.ts";
import { checkLeasesConformance, memoryCheckLeases } from "./credential-watch-lease-conformance.ts";
import { credentialTurn, type CredentialTurnOptions } from "./credential-watch-turn.ts";
import type { KeyVerdict } from "./settings-probe.ts";

const log = createLogger({ level: "silent", terminal: false });
const never = new AbortController().signal;
const undecided: KeyVerdict = { undecided: "the settings endpoint answered 503" };

/** Pods of one workspace on one clock; `say` is what the settings endpoint says, `asked` when it was. */
const aWorkspace = () => {
  const clock = { ms: 1_000_000 };
  const now = () => clock.ms;
  const leases = memoryCheckLeases(now);
  const asked: number[] = [];
  const counted: ProbeResult[] = [];
  const words: { result: string; agoMs: number; kind: string }[] = [];
  let verdict: KeyVerdict = "known";
  let state: OutageState = firstOutageState;
  const outage = {
    state: () => state,
    report: (event: OutageEvent) => {
      const next = step(state, event);
      state = next.state;
      return Promise.resolve(next);
    },
  };
  const pod = (keyFingerprint = "key-1", over: Partial<CredentialTurnOptions> = {}) =>
    credentialTurn({
      keyFingerprint,
      everyMs: 60_000,
      timeoutMs: 10_000,
      verify: () => {
        asked.push(clock.ms);
        return Promise.resolve(verdict);
      },
      outage,
      leases,
      log,
      count: (result) => counted.push(result),
      onWord: (word, { kind }) => words.push({ ...word, kind }),
      now,
      ...over,
    });
  const say = (next: KeyVerdict) => (verdict = next);
  return { clock, asked, counted, words, outage, leases, pod, say };
};
type Workspace = ReturnType<typeof aWorkspace>;
type Pod = ReturnType<Workspace["pod"]>;

/** Lets every pod look once a second, as the watch does. */
const run = async ({ clock }: Workspace, pods: readonly Pod[], seconds: number) => {
  for (let second = 0; second < seconds; second += 1) {
    for (const pod of pods) await pod.take(false, never);
    clock.ms += 1_000;
  }
};
const gaps = (times: readonly number[]) => times.slice(1).map((ms, index) => ms - (times[index] ?? 0));

describe("the turns to ask, in memory", () => {
  checkLeasesConformance((pods) => {
    const leases = memoryCheckLeases(() => performance.now());
    return Array.from({ length: pods }, () => leases);
  });
});

describe("a look at the credentials", () => {
  it("names the key, asks about it at once, and lets it flow", async () => {
    const workspace = aWorkspace();
    expect(await workspace.pod().take(false, never)).toBe(60_000);
    expect(workspace.outage.state()).toMatchObject({ kind: "flowing", keyFingerprint: "key-1" });
    expect(workspace.counted).toEqual(["known"]);
  });

  it("passes on every word on the key with what became of the state, and nothing that is no word", async () => {
    const workspace = aWorkspace();
    const pod = workspace.pod("key-1", {
      verify: () => {
        workspace.clock.ms += 30;
        return Promise.resolve<KeyVerdict>("known");
      },
    });
    await pod.take(true, never);
    workspace.say({ undecided: "slow" });
    await workspace.pod().take(true, never);
    workspace.say("unknown");
    await workspace.pod().take(true, never);
    expect(workspace.words).toEqual([
      { result: "known", agoMs: 30, isFirst: true, kind: "flowing" },
      { result: "unknown", agoMs: 0, isFirst: false, kind: "holding" },
    ]);
  });

  it("has no word to pass on where the state speaks of another key", async () => {
    const workspace = aWorkspace();
    const old = workspace.pod("key-1", {
      verify: async () => {
        await workspace.outage.report({ kind: "keyChanged", keyFingerprint: "key-2", atMs: workspace.clock.ms });
        return "unknown";
      },
    });
    await old.take(true, never);
    expect(workspace.words).toEqual([]);
  });

  it("is one question an interval, however many pods look", async () => {
    const workspace = aWorkspace();
    await run(workspace, [workspace.pod(), workspace.pod(), workspace.pod()], 600);
    expect(workspace.asked).toHaveLength(10);
    expect(gaps(workspace.asked).every((ms) => ms === 60_000)).toBe(true);
  });

  it("notices within 90 s that the key died in the middle", async () => {
    const workspace = aWorkspace();
    const pods = [workspace.pod(), workspace.pod()];
    await run(workspace, pods, 61);
    workspace.say("unknown");
    await run(workspace, pods, 60);
    expect(workspace.outage.state().kind).toBe("holding");
    expect(workspace.outage.state().suspect).toEqual({ fromMs: 1_060_000, toMs: 1_120_000 });
  });

  it("asks after 1, 2, 4 seconds and so on while the endpoint cannot say, all pods together, and goes on sending", async () => {
    const workspace = aWorkspace();
    const pod = workspace.pod();
    await pod.take(false, never);
    workspace.say(undecided);
    await run(workspace, [pod], 150);
    expect(workspace.outage.state().kind).toBe("flowing");
    expect(gaps(workspace.asked)).toEqual([60_000, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
    expect(workspace.counted.slice(1)).toEqual(Array.from({ length: 7 }, () => "undecided"));

    const together = aWorkspace();
    together.say(undecided);
    await run(together, [together.pod(), together.pod(), together.pod()], 120);
    expect(together.asked.length).toBeLessThan(25);
  });

  it("says that a new key is configured, and asks about it although the old one was known a moment ago", async () => {
    const workspace = aWorkspace();
    await workspace.pod().take(false, never);
    await workspace.pod("key-2").take(false, never);
    expect(workspace.asked).toHaveLength(2);
    expect(workspace.outage.state()).toMatchObject({ kind: "flowing", keyFingerprint: "key-2" });
  });

  it("does not fight over the key with a pod that is configured otherwise, but does not give up either", async () => {
    const workspace = aWorkspace();
    const [old, renewed] = [workspace.pod(), workspace.pod("key-2")];
    await old.take(false, never);
    await renewed.take(false, never);
    await run(workspace, [old, renewed], 29);
    expect(workspace.asked.length).toBeLessThanOrEqual(3);
    const restarted = workspace.pod();
    await restarted.take(false, never);
    expect(workspace.outage.state().keyFingerprint).toBe("key-1");
    await run(workspace, [renewed], 31);
    expect(workspace.outage.state().keyFingerprint).toBe("key-2");
  });

  it("asks at once when it is urgent, whoever asked before", async () => {
    const workspace = aWorkspace();
    const pod = workspace.pod();
    await pod.take(false, never);
    await pod.take(true, never);
    expect(workspace.asked).toHaveLength(2);
  });

  it("takes the place of a pod that was killed in the middle of its question", async () => {
    const workspace = aWorkspace();
    void workspace.pod("key-1", { verify: () => new Promise(() => {}) }).take(false, never);
    await new Promise(setImmediate);
    await run(workspace, [workspace.pod()], 10);
    expect(workspace.asked).toHaveLength(0);
    await run(workspace, [workspace.pod()], 2);
    expect(workspace.asked).toHaveLength(1);
  });

  it("reports nothing of a question that was broken off, and lets another pod ask", async () => {
    const workspace = aWorkspace();
    const ending = new AbortController();
    const verify = () => {
      ending.abort();
      return Promise.resolve(undecided);
    };
    await workspace.pod("key-1", { verify }).take(false, ending.signal);
    expect(workspace.counted).toEqual([]);
    await workspace.pod().take(false, never);
    expect(workspace.asked).toHaveLength(1);
  });
});

describe("the last word on a key", () => {
  it("is recent enough as long as anybody asks on time, also when the endpoint cannot say", async () => {
    const workspace = aWorkspace();
    const pods = [workspace.pod(), workspace.pod()];
    const seconds = 300;
    for (let second = 0; second < seconds; second += 1) {
      if (second === 100) workspace.say(undecided);
      await run(workspace, pods, 1);
      expect(pods.map((pod) => pod.isCurrent())).toEqual([true, true]);
    }
  });

  it("is too old after a pause: a pod that starts days later asks before it sends", async () => {
    const workspace = aWorkspace();
    await workspace.pod().take(false, never);
    workspace.clock.ms += 3 * 86_400_000;
    const [later, another] = [workspace.pod(), workspace.pod()];
    expect(later.isCurrent()).toBe(false);
    await later.take(false, never);
    expect([later.isCurrent(), another.isCurrent()]).toEqual([true, true]);
  });

  it("is nobody's while another pod is still asking", async () => {
    const workspace = aWorkspace();
    await workspace.pod().take(false, never);
    workspace.clock.ms += 3 * 86_400_000;
    void workspace.pod("key-1", { verify: () => new Promise(() => {}) }).take(false, never);
    await new Promise(setImmediate);
    const waiting = workspace.pod();
    await waiting.take(false, never);
    expect(waiting.isCurrent()).toBe(false);
  });

  it("is nothing to a pod with other credentials", async () => {
    const workspace = aWorkspace();
    await workspace.pod().take(false, never);
    expect(workspace.pod("key-2").isCurrent()).toBe(false);
  });
});
