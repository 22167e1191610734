import { describe, expect, it } from "vitest";
import type { OutageEvent } from "../core/outage-event.ts";
import { firstOutageState, type OutageState } from "../core/outage-state.ts";
import { step } from "../core/outage.ts";
import { key, keyChanged, known, refused, unknown } from "./redis-outage-conformance.ts";
import { outageGate, refusedInARow } from "./redis-outage-gate.ts";
import type { Verdict } from "../core/verdict.ts";

const delivered: Verdict = { kind: "delivered", name: "delivered" };
const unauthorized: Verdict = { kind: "outage", name: "unauthorized", reason: "unauthorized" };
const serverError: Verdict = { kind: "wait", name: "server-error", why: "503" };
const rejected: Verdict = { kind: "split", name: "rejected", reason: "rejected", why: "400" };

const manyTimes = async (times: number, act: () => Promise<void>): Promise<void> => {
  for (let n = 0; n < times; n += 1) await act();
};

/** Gates of several pods over one state, after these events. */
const gates = (...events: OutageEvent[]) => {
  let state: OutageState = events.reduce((at, event) => step(at, event).state, firstOutageState);
  const reported: string[] = [];
  const current = { isCurrent: true, ms: 1_000 };
  const outage = {
    state: () => state,
    report: (event: OutageEvent) => {
      reported.push(event.kind);
      const next = step(state, event);
      state = next.state;
      return Promise.resolve(next);
    },
  };
  const gate = (keyFingerprint: string) =>
    outageGate({
      outage,
      keyFingerprint,
      isCurrent: () => current.isCurrent,
      requestTimeoutMs: 20_000,
      now: () => current.ms,
    });
  return { gate: gate(key), other: gate(key), stranger: gate("key-2"), outage, reported, current };
};

const flowing = [keyChanged, known(10)];
const trial = [...flowing, refused(20), known(30)];

describe("the gate", () => {
  it("lets batches pass while flowing, without asking anybody", async () => {
    const { gate, reported } = gates(...flowing);
    expect(await gate.pass()).toEqual({ kind: "send", trial: false });
    await gate.settle({ trial: false }, delivered, 500);
    expect(reported).toEqual([]);
  });

  it("leaves batches where they are until a key is verified, and holds them while it is refused", async () => {
    expect(await gates(keyChanged).gate.pass()).toEqual({ kind: "wait" });
    expect(await gates(...flowing, refused(20)).gate.pass()).toEqual({ kind: "hold", reason: "unauthorized" });
    expect(await gates(...flowing, unknown(20)).gate.pass()).toEqual({ kind: "hold", reason: "unknown-write-key" });
  });

  it("lets nothing pass with credentials that the state does not speak of", async () => {
    expect(await gates(...flowing).stranger.pass()).toEqual({ kind: "wait" });
    expect(await gates(...trial).stranger.pass()).toEqual({ kind: "hold", reason: "unauthorized" });
  });

  it("lets nothing pass, and takes no trial, on a word that is too old", async () => {
    for (const events of [flowing, trial]) {
      const { gate, current, reported } = gates(...events);
      current.isCurrent = false;
      expect(await gate.pass()).toEqual({ kind: "wait" });
      expect(reported).toEqual([]);
    }
  });

  it("reports a refusal, and from then on holds", async () => {
    const { gate, other } = gates(...flowing);
    await gate.settle({ trial: false }, unauthorized, 500);
    expect(await other.pass()).toEqual({ kind: "hold", reason: "unauthorized" });
  });

  it("gives the trial to one batch, and holds the others until it was delivered", async () => {
    const { gate, other } = gates(...trial);
    expect(gate.look()).toEqual({ kind: "try", otherwise: "unauthorized" });
    expect(await gate.pass()).toEqual({ kind: "send", trial: true });
    expect(await other.pass()).toEqual({ kind: "hold", reason: "unauthorized" });
    await gate.settle({ trial: true }, delivered, 500);
    expect(await other.pass()).toEqual({ kind: "send", trial: false });
  });

  it("goes back to holding when the trial is refused", async () => {
    const { gate, outage } = gates(...trial);
    await gate.settle({ trial: (await gate.pass()).kind === "send" }, unauthorized, 500);
    expect(outage.state().kind).toBe("holding");
  });

  it("passes the trial on when it said nothing of the credentials, or was not sent", async () => {
    for (const verdict of [serverError, rejected]) {
      const { gate, other } = gates(...trial);
      await gate.pass();
      await gate.settle({ trial: true }, verdict, 500);
      expect(await other.pass()).toEqual({ kind: "send", trial: true });
    }
    const { gate, other } = gates(...trial);
    await gate.pass();
    await gate.giveBack({ trial: true });
    expect(await other.pass()).toEqual({ kind: "send", trial: true });
  });

  it("holds the workspace when Segment refuses every call by itself, so that they do not all end in quarantine", async () => {
    const { gate, other, outage } = gates(...flowing);
    const refuseAlone = (times: number) => manyTimes(times, () => gate.settle({ trial: false }, rejected, 1));
    await refuseAlone(refusedInARow - 1);
    await gate.settle({ trial: false }, rejected, 2); // what is split says nothing yet
    expect(await other.pass()).toEqual({ kind: "send", trial: false });
    await gate.settle({ trial: false }, delivered, 1);
    await refuseAlone(refusedInARow - 1);
    expect(outage.state().kind).toBe("flowing");
    await refuseAlone(1);
    expect(await other.pass()).toEqual({ kind: "hold", reason: "everything-refused" });
  });

  it("holds it as well when every call is too large for what answers", async () => {
    const { gate, outage } = gates(...flowing);
    const tooLarge: Verdict = {
      kind: "split",
      name: "too-large-for-segment",
      reason: "too-large-for-segment",
      why: "413",
    };
    await manyTimes(refusedInARow - 1, () => gate.settle({ trial: false }, tooLarge, 1));
    expect(outage.state().kind).toBe("flowing");
    await gate.settle({ trial: false }, tooLarge, 1);
    expect(outage.state()).toMatchObject({ kind: "holding", trouble: { reason: "everything-refused" } });
  });

  it("tries one batch after each check of the key while everything is refused, and splits it meanwhile", async () => {
    const { gate, other, outage } = gates(...flowing, refused(20, "everything-refused"), known(30));
    expect(await gate.pass()).toEqual({ kind: "send", trial: true });
    await gate.settle({ trial: true }, rejected, 500);
    expect(await other.pass()).toEqual({ kind: "hold", reason: "everything-refused" });
    await outage.report(known(2_000));
    expect(await other.pass()).toEqual({ kind: "send", trial: true });
    await other.settle({ trial: true }, delivered, 250);
    expect(await gate.pass()).toEqual({ kind: "send", trial: false });
  });

  it("passes the trial on when whoever took it is gone, but not before its request must have ended", async () => {
    const { gate, other, current } = gates(...trial);
    await gate.pass();
    current.ms += 40_000;
    expect(await other.pass()).toEqual({ kind: "hold", reason: "unauthorized" });
    current.ms += 5_000;
    expect(await other.pass()).toEqual({ kind: "send", trial: true });
  });
});
