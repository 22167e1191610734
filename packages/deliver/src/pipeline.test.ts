import { setImmediate } from "node:timers/promises";
import type { DeliverJob, QuarantineJob } from "@currents-relay/shared/contracts/jobs.ts";
import type { JobId } from "@currents-relay/shared/core/ids.ts";
import { newPage } from "@currents-relay/shared/core/pages.ts";
import { fakeHandOver } from "@currents-relay/shared/testing/fake-hand-over.ts";
import { everyKillPoint, Killed, killedAt } from "@currents-relay/shared/testing/kill-points.ts";
import { describe, expect, it } from "vitest";
import type { Answer } from "./core/answer.ts";
import { deliverBatch } from "./pipeline.ts";
import type { DeliverPorts } from "./ports.ts";

const data: DeliverJob = {
  v: 1,
  connector: "engagement",
  calls: 3,
  bytes: 100,
  landedAtMs: 0,
  origin: { uri: "file:///a.avro", blockOffset: 0 },
};
const calls = ["a", "b", "c"].map((messageId) => JSON.stringify({ messageId, event: "Email Opened" })).join(",\n");
const payload = Buffer.from(calls);
const job = { id: "d-file-0-0" as JobId, data, ageMs: 0, runs: 1, signal: new AbortController().signal }; // id: a test's own

const aWorld = (answer: Answer) => {
  const sent: string[] = [];
  const settled: [trial: boolean, verdict: string][] = [];
  const deliver = fakeHandOver<DeliverJob>();
  const quarantine = fakeHandOver<QuarantineJob>();
  const ports: DeliverPorts = {
    openPages: () => ({ open: newPage, [Symbol.dispose]: () => undefined }),
    readBatch: async (_, count) => ({ calls: payload, count }),
    outage: {
      look: () => ({ kind: "send" }),
      pass: async () => ({ kind: "send", trial: false }),
      settle: async (pass, verdict) => void settled.push([pass.trial, verdict.name]),
      giveBack: async (pass) => void settled.push([pass.trial, "given back"]),
    },
    takeRate: async () => undefined,
    send: async (batch) => {
      sent.push(batch.calls.toString());
      return answer;
    },
    noteAttempt: () => undefined,
    backOff: async (afterMs) => ({ afterMs: afterMs ?? 700 }),
    toSameQueue: deliver.handOver,
    toQuarantine: quarantine.handOver,
    now: () => 1_700_000_000_000,
  };
  return { ports, sent, settled, deliver, quarantine };
};

const status = (code: number, retryAfter?: string): Answer => ({
  kind: "response",
  status: code,
  ...(retryAfter !== undefined && { retryAfter }),
});

describe("the way of one batch", () => {
  it("a batch that Segment accepts is counted as delivered", async () => {
    const world = aWorld(status(200));
    expect(await deliverBatch(world.ports)(job)).toEqual({ kind: "ok", value: { in: 3, ok: 3 } });
    expect(world.sent).toEqual([calls]);
  });

  it.each([
    ["accepts", 200],
    ["rejects", 400],
    ["cannot take now", 503],
  ])("a batch that Segment %s lies in a page that is given back when all is done", async (_, code) => {
    const world = aWorld(status(code));
    let isGivenBack = false;
    const openPages = () => ({ open: newPage, [Symbol.dispose]: () => void (isGivenBack = true) });
    const stillThere = () => expect(isGivenBack).toBe(false);
    const ports: DeliverPorts = {
      ...world.ports,
      openPages,
      readBatch: async (_id, count, openPage) => {
        const page = openPage?.(payload.length) ?? Buffer.alloc(0);
        return { calls: page.subarray(0, payload.copy(page)), count };
      },
      send: async (batch) => world.ports.send(batch).finally(stillThere),
      noteAttempt: stillThere,
      toSameQueue: async (parts, place) => world.ports.toSameQueue(parts, place).finally(stillThere),
    };
    await deliverBatch(ports)(job);
    expect(world.sent).toEqual([calls]);
    expect(isGivenBack).toBe(true);
  });

  it("a batch that Segment rejects is split in two, in order and ahead of all that waits", async () => {
    const world = aWorld(status(400));
    await world.deliver.handOver([{ id: "d-other-0-0" as JobId, data, payload: Buffer.alloc(0), events: 1 }]);
    expect(await deliverBatch(world.ports)(job)).toEqual({ kind: "ok", value: {} });
    expect(world.deliver.order).toEqual(["d-file-0-0a", "d-file-0-0b", "d-other-0-0"]);
    const halves = ["d-file-0-0a", "d-file-0-0b"].map((id) => Buffer.from(world.deliver.taken.get(id)?.payload ?? []));
    expect(halves.map(String).join(",\n")).toBe(calls);
  });

  it("a call that is rejected alone goes to quarantine with its id and reason", async () => {
    const world = aWorld(status(413));
    const one = {
      ...world.ports,
      readBatch: async () => ({ calls: Buffer.from('{"messageId":"a","event":"E"}'), count: 1 }),
    };
    const reread = { run: "run-1" };
    expect(await deliverBatch(one)({ ...job, data: { ...job.data, reread } })).toEqual({
      kind: "ok",
      value: { in: 1, "quarantined:too-large-for-segment": 1 },
    });
    const [aside] = world.quarantine.taken.values();
    expect(aside?.data).toMatchObject({
      reason: "too-large-for-segment",
      eventId: "a",
      events: 1,
      ofReread: reread,
    });
  });

  it("refused credentials are reported and hold the batch", async () => {
    const world = aWorld(status(401));
    expect(await deliverBatch(world.ports)(job)).toEqual({ kind: "hold", reason: "unauthorized" });
    expect(world.settled).toEqual([[false, "unauthorized"]]);
  });

  it("a batch is held without a request while there is an outage", async () => {
    const world = aWorld(status(200));
    const bar = { kind: "hold", reason: "unknown-write-key" } as const;
    const held = { ...world.ports, outage: { ...world.ports.outage, look: () => bar } };
    expect(await deliverBatch(held)(job)).toEqual({ kind: "hold", reason: "unknown-write-key" });
    expect(world.sent).toEqual([]);
  });

  it("an outage that opens while the batch waits for its rate still stops it", async () => {
    const world = aWorld(status(200));
    const bar = { kind: "hold", reason: "unauthorized" } as const;
    const held = { ...world.ports, outage: { ...world.ports.outage, pass: async () => bar } };
    expect(await deliverBatch(held)(job)).toEqual({ kind: "hold", reason: "unauthorized" });
    expect(world.sent).toEqual([]);
  });

  it("a batch waits without a request until there is a word on the credentials", async () => {
    const world = aWorld(status(200));
    const unverified = { ...world.ports, outage: { ...world.ports.outage, look: () => ({ kind: "wait" }) as const } };
    expect((await deliverBatch(unverified)(job)).kind).toBe("retry");
    expect(world.sent).toEqual([]);
  });

  it("Retry-After is honoured in full", async () => {
    const outcome = await deliverBatch(aWorld(status(429, "3600")).ports)(job);
    expect(outcome).toMatchObject({ kind: "retry", afterMs: 3_600_000 });
  });

  it("the payload and its part of the rate are asked for together, and both waited for", async () => {
    const world = aWorld(status(200));
    const [read, granted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const asked: string[] = [];
    const running = deliverBatch({
      ...world.ports,
      readBatch: async (id, count) => {
        asked.push("payload");
        await read.promise;
        return world.ports.readBatch(id, count);
      },
      takeRate: async (events) => {
        asked.push(`rate for ${events}`);
        await granted.promise;
        return undefined;
      },
    })(job);
    await setImmediate();
    expect(asked).toEqual(["payload", "rate for 3"]);
    read.resolve();
    await setImmediate();
    expect(world.sent).toEqual([]);
    granted.resolve();
    expect((await running).kind).toBe("ok");
  });

  it.each([
    ["is not there", async () => undefined, { kind: "retry", afterMs: 5_000 }],
    ["cannot be read", async () => Promise.reject(new Error("damaged")), "damaged"],
  ])("a payload that %s ends the wait for the rate, and takes none of it in later runs", async (_, readBatch, end) => {
    const world = aWorld(status(200));
    const waits: AbortSignal[] = [];
    const takeRate = (_events: number, signal: AbortSignal) => {
      waits.push(signal);
      return new Promise<undefined>((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new Error("ended"))),
      );
    };
    const deliver = deliverBatch({ ...world.ports, readBatch, takeRate });
    for (const runs of [1, 2, 3]) {
      const ended = await deliver({ ...job, runs }).catch((error: unknown) => (error as Error).message);
      expect(ended).toEqual(typeof end === "string" ? end : expect.objectContaining(end));
    }
    expect(waits.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it("a run that is not the first waits for its part of the rate as well", async () => {
    const world = aWorld(status(200));
    const takeRate = async (events: number) => ({ afterMs: events });
    expect(await deliverBatch({ ...world.ports, takeRate })({ ...job, runs: 2 })).toMatchObject({
      kind: "retry",
      afterMs: 3,
    });
    expect(world.sent).toEqual([]);
    expect(await deliverBatch(world.ports)({ ...job, runs: 2 })).toMatchObject({ kind: "ok" });
  });

  it("a batch that is another's by the time that the trial is granted is not sent, and the trial is another's too", async () => {
    const world = aWorld(status(200));
    const lost = new AbortController();
    const pass = async () => {
      lost.abort(new Error("its lock is lost"));
      return { kind: "send", trial: true } as const;
    };
    const ports = { ...world.ports, outage: { ...world.ports.outage, pass } };
    await expect(deliverBatch(ports)({ ...job, signal: lost.signal })).rejects.toThrow("its lock is lost");
    expect([world.sent, world.settled]).toEqual([[], [[true, "given back"]]]);
  });

  it("a rate that is used up gives the batch back unsent", async () => {
    const world = aWorld(status(200));
    const slow = { ...world.ports, takeRate: async () => ({ afterMs: 9_000 }) };
    expect(await deliverBatch(slow)(job)).toMatchObject({ kind: "retry", afterMs: 9_000 });
    expect(world.sent).toEqual([]);
  });

  it.each([200, 400])(
    "a kill at any await of a batch answered %i leaves the same end, and repeats only the same batch",
    async (code) => {
      const undisturbed = aWorld(status(code));
      const end = await deliverBatch(undisturbed.ports)(job);
      await everyKillPoint(async (point) => {
        const world = aWorld(status(code));
        const first = await deliverBatch(killedAt(world.ports, point))(job).catch((error: unknown) => error);
        expect(await deliverBatch(world.ports)(job)).toEqual(end);
        expect(new Set(world.sent)).toEqual(new Set([calls]));
        expect(world.deliver.order).toEqual(undisturbed.deliver.order);
        return first instanceof Killed ? "killed" : "ran to the end";
      });
    },
  );
});
