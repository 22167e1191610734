import { once } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { TrackCall } from "@currents-relay/shared/contracts/call.ts";
import { Secret } from "@currents-relay/shared/config/secret.ts";
import { describe, expect, test } from "vitest";
import type { Answer } from "../core/answer.ts";
import type { ReadyBatch } from "../core/ready-batch.ts";
import type { SegmentTransport, TransportSettings } from "../transport.ts";
import { answerWith, type Reaction, type StandIn, startStandIn } from "./transport-stand-in.ts";

export const aCall = (n: number, over: Partial<TrackCall> = {}): TrackCall => ({
  type: "track",
  messageId: `message-${n}`,
  event: "Email Link Clicked",
  userId: `user-${n}`,
  timestamp: "2026-11-23T12:00:00.000Z",
  properties: { campaign_id: "c1", link_url: "https://shop.example/?a=1&b=2", n },
  context: { traits: { email: `user-${n}@mail.example` }, device: { type: "ios" } },
  ...over,
});

export const aBatch = (calls: readonly object[]): ReadyBatch => ({
  calls: Buffer.from(calls.map((call) => JSON.stringify(call)).join(",\n")),
  count: calls.length,
});

export const callsIn = (body: string): TrackCall[] => (JSON.parse(body) as { batch: TrackCall[] }).batch; // as sent

interface Bench extends AsyncDisposable {
  segment: StandIn;
  send(batch?: ReadyBatch, signal?: AbortSignal): Promise<Answer>;
}

const unaborted = (): AbortSignal => new AbortController().signal;

/** What every transport must do, against a real HTTP server. `create` is the adapter's maker. */
export const transportContract = (name: string, create: (settings: TransportSettings) => SegmentTransport): void => {
  const setUp = async (reaction?: Reaction, timeoutMs = 5_000): Promise<Bench> => {
    const segment = await startStandIn();
    if (reaction) segment.react(reaction);
    const transport = create({ endpoint: segment.url, writeKey: new Secret("wk-ünï:1"), timeoutMs });
    return {
      segment,
      send: (batch = aBatch([aCall(1), aCall(2)]), signal = unaborted()) => transport.send(batch, signal),
      [Symbol.asyncDispose]: async () => {
        transport.close();
        await segment[Symbol.asyncDispose]();
      },
    };
  };

  describe(`${name}: the transport contract`, () => {
    describeRequest(setUp);
    describeBatches(setUp);
    describeAnswers(setUp);
    describeTrouble(setUp);
    describeAbort(setUp);
    describeEnd(setUp);
  });
};

type SetUp = (reaction?: Reaction, timeoutMs?: number) => Promise<Bench>;

const describeRequest = (setUp: SetUp): void => {
  test("a batch is one POST to /v1/batch, with the write key in the body and as Basic authorization", async () => {
    await using bench = await setUp();
    expect(await bench.send()).toMatchObject({ kind: "response", status: 200, text: '{"success":true}' });
    expect(bench.segment.begun()).toBe(1);
    const [{ method, path, headers, body } = { method: "", path: "", headers: {}, body: "{}" }] = bench.segment.arrived;
    expect({ method, path, type: headers["content-type"] }).toEqual({
      method: "POST",
      path: "/v1/batch",
      type: "application/json",
    });
    const basic = Buffer.from(headers.authorization?.replace("Basic ", "") ?? "", "base64").toString();
    expect(basic).toBe("wk-ünï:1:");
    const { writeKey, sentAt } = JSON.parse(body) as { writeKey: string; sentAt: string }; // shape checked below
    expect(writeKey).toBe("wk-ünï:1");
    expect(new Date(sentAt).toISOString()).toBe(sentAt);
  });

  test("every character arrives as it was", async () => {
    await using bench = await setUp();
    const text = '日本語 é \u{1F600} "quoted" \\ \n\t\u0000\u2028 </script> ,\n{';
    await bench.send(aBatch([aCall(1, { event: text, userId: text, properties: { [text]: text } })]));
    expect(callsIn(bench.segment.arrived[0]?.body ?? "{}")[0]).toMatchObject({
      event: text,
      userId: text,
      properties: { [text]: text },
    });
  });

  test("an anonymous call keeps its anonymousId and gets no userId", async () => {
    await using bench = await setUp();
    const { userId: _, ...anonymous } = aCall(1, { anonymousId: "anon-1" });
    await bench.send(aBatch([anonymous]));
    const [call] = callsIn(bench.segment.arrived[0]?.body ?? "{}");
    expect(call).toMatchObject({ anonymousId: "anon-1" });
    expect(call).not.toHaveProperty("userId");
  });
};

const describeBatches = (setUp: SetUp): void => {
  test("500 calls go in one request, in order, each with its own id", async () => {
    await using bench = await setUp();
    const calls = Array.from({ length: 500 }, (_, n) => aCall(n, { properties: { text: "x".repeat(700), n } }));
    expect(await bench.send(aBatch(calls))).toMatchObject({ status: 200 });
    expect(bench.segment.begun()).toBe(1);
    expect(callsIn(bench.segment.arrived[0]?.body ?? "{}").map((call) => call.messageId)).toEqual(
      calls.map((call) => call.messageId),
    );
  });

  test("two batches sent at once are two requests, each with its own answer", async () => {
    await using bench = await setUp();
    bench.segment.react((response) => {
      // The first waits for the second, so that both are under way together.
      const { arrived } = bench.segment;
      if (arrived.length < 2) waiting = response;
      else {
        answerWith(503)(response, response.req);
        if (waiting) answerWith(200)(waiting, waiting.req);
      }
    });
    let waiting: Parameters<Reaction>[0] | undefined;
    const batches = ["first", "second"].map((messageId) => aBatch([aCall(1, { messageId })]));
    const answers = await Promise.all(batches.map((batch) => bench.send(batch)));
    const statusOf = new Map(
      bench.segment.arrived.map(({ body }, i) => [callsIn(body)[0]?.messageId, i === 0 ? 200 : 503]),
    );
    expect(answers).toMatchObject([{ status: statusOf.get("first") }, { status: statusOf.get("second") }]);
    expect(bench.segment.begun()).toBe(2);
  });

  test("a count that is not true is a bug, and nothing is sent", async () => {
    await using bench = await setUp();
    const { calls } = aBatch([aCall(1), aCall(2)]);
    for (const count of [0, 1, 3]) await expect(bench.send({ calls, count })).rejects.toThrow("holds 2");
    expect(bench.segment.begun()).toBe(0);
  });
};

const describeAnswers = (setUp: SetUp): void => {
  for (const status of [202, 204, 400, 401, 403, 404, 408, 410, 413, 422, 429, 460, 500, 501, 503, 511])
    test(`an answer of ${status} is that answer, after exactly one request`, async () => {
      await using bench = await setUp(answerWith(status, {}, status === 204 ? "" : "why"));
      expect(await bench.send()).toEqual({ kind: "response", status, text: status === 204 ? "" : "why" });
      expect(bench.segment.begun()).toBe(1);
    });

  for (const status of [301, 302, 307, 308])
    test(`a redirect (${status}) is not followed`, async () => {
      await using bench = await setUp();
      bench.segment.react(answerWith(status, { Location: `${bench.segment.url}/elsewhere` }));
      expect(await bench.send()).toMatchObject({ kind: "response", status });
      expect(bench.segment.begun()).toBe(1);
    });

  for (const retryAfter of ["1", "3600", "Mon, 23 Nov 2026 14:00:00 GMT"])
    test(`Retry-After: ${retryAfter} is handed on as it came, at once`, async () => {
      await using bench = await setUp(answerWith(429, { "Retry-After": retryAfter }));
      expect(await bench.send()).toMatchObject({ kind: "response", status: 429, retryAfter });
      expect(bench.segment.begun()).toBe(1);
    });

  test("of a long answer the first 500 characters are kept", async () => {
    await using bench = await setUp(answerWith(400, {}, "é".repeat(100_000)));
    expect(await bench.send()).toEqual({ kind: "response", status: 400, text: "é".repeat(500) });
  });

  test("an answer that comes slowly, in parts, is read to its end", async () => {
    await using bench = await setUp((response) => {
      response.writeHead(200).write("{", () => setImmediate(() => response.end("}")));
    });
    expect(await bench.send()).toEqual({ kind: "response", status: 200, text: "{}" });
  });
};

const describeTrouble = (setUp: SetUp): void => {
  test("a connection reset before the answer is a network answer", async () => {
    await using bench = await setUp((response) => response.socket?.resetAndDestroy());
    expect(await bench.send()).toMatchObject({ kind: "network", code: "ECONNRESET" });
    expect(bench.segment.begun()).toBe(1);
  });

  for (const cut of ["destroy", "resetAndDestroy"] as const)
    test(`an answer cut in the middle of its body (${cut}) is a network answer, whatever its status`, async () => {
      await using bench = await setUp((response) => {
        response.writeHead(200, { "Content-Length": "100" }).write("{", () => response.socket?.[cut]());
      });
      expect(await bench.send()).toMatchObject({ kind: "network" });
      expect(bench.segment.begun()).toBe(1);
    });

  test("nobody listening is a network answer", async () => {
    await using bench = await setUp();
    await bench.segment[Symbol.asyncDispose]().catch(() => undefined);
    bench.segment[Symbol.asyncDispose] = () => Promise.resolve();
    expect(await bench.send()).toMatchObject({ kind: "network", code: "ECONNREFUSED" });
  });

  test("no answer within the timeout is a timeout, after one request whose connection is given up", async () => {
    let givenUp: Promise<unknown> | undefined;
    await using bench = await setUp((response) => {
      givenUp = once(response, "close");
    }, 150);
    expect(await bench.send()).toEqual({ kind: "timeout", afterMs: 150 });
    expect(bench.segment.begun()).toBe(1);
    await givenUp;
  });

  test("a body that never ends is a timeout, whatever its status", async () => {
    await using bench = await setUp((response) => void response.writeHead(200).write("{"), 150);
    expect(await bench.send()).toEqual({ kind: "timeout", afterMs: 150 });
    expect(bench.segment.begun()).toBe(1);
  });

  test("after trouble the next batch goes through", async () => {
    await using bench = await setUp((response) => response.socket?.resetAndDestroy());
    await bench.send();
    bench.segment.react(answerWith(200));
    expect(await bench.send()).toMatchObject({ status: 200 });
    expect(bench.segment.begun()).toBe(2);
  });
};

const describeEnd = (setUp: SetUp): void => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

  test("an answer leaves no timer behind, whatever it was", async () => {
    await using bench = await setUp(undefined, 60_000);
    await bench.send();
    const before = timers();
    bench.segment.react(answerWith(429, { "Retry-After": "3600" }));
    await bench.send();
    bench.segment.react((response) => response.socket?.resetAndDestroy());
    await bench.send();
    await bench.send(aBatch([{ ...aCall(1), messageId: "" }, aCall(2)])); // the SDK refuses it
    // The SDK ends some of its own work a few turns after the answer.
    for (let turn = 0; turn < 100 && timers() > before; turn += 1) await nextTurn();
    expect(timers()).toBeLessThanOrEqual(before);
  });
};

const describeAbort = (setUp: SetUp): void => {
  test("an aborted signal ends the wait for an answer", async () => {
    await using bench = await setUp(() => undefined);
    const aborter = new AbortController();
    const sending = bench.send(undefined, aborter.signal);
    await bench.segment.nextArrival();
    aborter.abort();
    expect(await sending).toMatchObject({ kind: "network", code: "ABORTED" });
    expect(bench.segment.begun()).toBe(1);
  });

  test("a signal that was aborted before sends nothing", async () => {
    await using bench = await setUp();
    expect(await bench.send(undefined, AbortSignal.abort())).toMatchObject({ kind: "network", code: "ABORTED" });
    expect(await bench.send()).toMatchObject({ status: 200 });
    expect(bench.segment.begun()).toBe(1);
  });
};
