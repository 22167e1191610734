import { generateKeyPairSync } from "node:crypto";
import { Secret } from "@currents-relay/shared/config/secret.ts";
import { expect, test } from "vitest";
import type { OAuthCredentials } from "../transport.ts";
import { createSdkTransport } from "./sdk-transport.ts";
import { aBatch, aCall, callsIn, transportContract } from "./transport-contract.ts";
import { answerWith, type StandIn, startStandIn } from "./transport-stand-in.ts";

transportContract("sdk", createSdkTransport);

const signal = new AbortController().signal;

const privateKey = new Secret(
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
);

/** A transport with Segment's and, for OAuth, the token server's stand-in. */
const setUp = async (oauth?: Partial<OAuthCredentials>, timeoutMs = 5_000) => {
  const [segment, tokens] = [await startStandIn(), await startStandIn()];
  tokens.react(answerWith(200, {}, '{"access_token":"token-1","expires_in":3600}'));
  const transport = createSdkTransport({
    endpoint: segment.url,
    writeKey: new Secret("wk"),
    timeoutMs,
    ...(oauth && {
      oauth: { clientId: "c", privateKey, keyId: "k", scope: "tracking_api:write", tokenServer: tokens.url, ...oauth },
    }),
  });
  return {
    segment,
    tokens,
    send: (...calls: object[]) => transport.send(aBatch(calls.length === 0 ? [aCall(1)] : calls), signal),
    [Symbol.asyncDispose]: async () => {
      transport.close();
      await Promise.all([segment, tokens].map((server: StandIn) => server[Symbol.asyncDispose]()));
    },
  };
};

test("one call that the SDK does not take keeps the whole batch from being sent", async () => {
  await using bench = await setUp();
  const { userId: _, ...nobody } = aCall(2);
  expect(await bench.send(aCall(1), nobody, aCall(3))).toMatchObject({
    kind: "refused",
    message: expect.stringContaining("userId"),
  });
  expect(await bench.send(aCall(1), aCall(2, { messageId: "" }))).toMatchObject({ kind: "refused" });
  expect(bench.segment.begun()).toBe(0);
});

test("a call that the SDK holds for too large is refused at once, with the calls around it", async () => {
  await using bench = await setUp();
  const large = aCall(2, { properties: { text: "i".repeat(33_000) } });
  expect(await bench.send(aCall(1), large, aCall(3))).toMatchObject({ kind: "refused" });
  expect(await bench.send(large)).toMatchObject({ kind: "refused", message: expect.stringContaining("32 KB") });
  expect(bench.segment.begun()).toBe(0);
});

test("a batch that the SDK would cut in two is refused, and no part of it is sent", async () => {
  await using bench = await setUp();
  const calls = Array.from({ length: 20 }, (_, n) => aCall(n, { properties: { text: "i".repeat(28_000) } }));
  expect(await bench.send(...calls)).toEqual({ kind: "refused", message: "the SDK would not send the batch as one" });
  expect(bench.segment.begun()).toBe(0);
  expect(await bench.send(...calls.slice(0, 10))).toMatchObject({ kind: "response", status: 200 });
});

test("with OAuth the token goes along instead of the write key, and batches share it", async () => {
  await using bench = await setUp({});
  const answers = await Promise.all([bench.send(aCall(1)), bench.send(aCall(2)), bench.send(aCall(3))]);
  expect([...answers, await bench.send(aCall(4))]).toMatchObject(
    [1, 2, 3, 4].map(() => ({ kind: "response", status: 200 })),
  );
  expect(bench.segment.arrived.map(({ headers }) => headers.authorization)).toEqual(Array(4).fill("Bearer token-1"));
  expect(bench.segment.arrived.flatMap(({ body }) => callsIn(body))).toHaveLength(4);
  expect(bench.tokens.begun()).toBe(1);
  expect(bench.tokens.arrived[0]).toMatchObject({
    method: "POST",
    path: "/token",
    body: expect.stringContaining("scope=tracking_api:write"),
  });
});

test("a token that has lived half its life is asked for anew", async () => {
  await using bench = await setUp({});
  bench.tokens.react(answerWith(200, {}, '{"access_token":"short","expires_in":0}'));
  await bench.send();
  bench.tokens.react(answerWith(200, {}, '{"access_token":"next","expires_in":3600}'));
  await bench.send();
  expect(bench.segment.arrived.at(-1)?.headers.authorization).toBe("Bearer next");
});

test("a token that Segment refuses is not used again", async () => {
  await using bench = await setUp({});
  bench.segment.react(answerWith(401));
  expect(await bench.send()).toMatchObject({ kind: "response", status: 401 });
  bench.tokens.react(answerWith(200, {}, '{"access_token":"token-2","expires_in":3600}'));
  bench.segment.react(answerWith(200));
  expect(await bench.send()).toMatchObject({ status: 200 });
  expect(bench.segment.arrived.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer token-1",
    "Bearer token-2",
  ]);
});

for (const status of [302, 400, 401, 403, 404, 415, 429, 500, 503])
  test(`a token server that answers ${status} is an OAuth answer after one request, and nothing is sent`, async () => {
    await using bench = await setUp({});
    bench.tokens.react(answerWith(status, { "Retry-After": "60" }));
    const message = `the token server answered ${status}`;
    expect(await bench.send()).toEqual({ kind: "oauth", status, message, retryAfter: "60" });
    expect([bench.tokens.begun(), bench.segment.begun()]).toEqual([1, 0]);
    bench.tokens.react(answerWith(200, {}, '{"access_token":"later","expires_in":3600}'));
    expect(await bench.send()).toMatchObject({ kind: "response", status: 200 });
    expect(bench.tokens.begun()).toBe(2);
  });

test("a token server that answers 200 without a token is an OAuth answer", async () => {
  await using bench = await setUp({});
  for (const body of ["<html>", "{}", '{"access_token":1,"expires_in":3600}', "null"]) {
    bench.tokens.react(answerWith(200, {}, body));
    expect(await bench.send()).toEqual({ kind: "oauth", status: 200, message: "the token server sent no token" });
  }
});

test("a token server that resets is a network answer, and nothing is sent", async () => {
  await using bench = await setUp({});
  bench.tokens.react((response) => response.socket?.resetAndDestroy());
  expect(await bench.send()).toMatchObject({ kind: "network", code: "ECONNRESET" });
  expect(bench.segment.begun()).toBe(0);
});

test("a token server that hangs is a timeout, and nothing is sent", async () => {
  await using bench = await setUp({}, 300);
  bench.tokens.react(() => undefined);
  expect(await bench.send()).toEqual({ kind: "timeout", afterMs: 300 });
  expect(bench.segment.begun()).toBe(0);
});

test("a private key that cannot sign is an OAuth answer without a status", async () => {
  await using bench = await setUp({ privateKey: new Secret("not a key") });
  const answer = await bench.send();
  expect(answer).toMatchObject({ kind: "oauth", message: expect.stringContaining("pkcs8") });
  expect(answer).not.toHaveProperty("status");
  expect([bench.tokens.begun(), bench.segment.begun()]).toEqual([0, 0]);
});
