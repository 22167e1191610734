import { Secret } from "@currents-relay/shared/config/secret.ts";
import { expect, test } from "vitest";
import { type KeyVerdict, verifyWriteKey } from "./settings-probe.ts";
import { answerWith, type Reaction, startStandIn } from "./transport-stand-in.ts";

const key = "wk/ä b?#%";

const verify = async (reaction: Reaction, { signal = new AbortController().signal, timeoutMs = 5_000 } = {}) => {
  await using cdn = await startStandIn();
  cdn.react(reaction);
  const verdict: KeyVerdict = await verifyWriteKey({
    settingsEndpoint: `${cdn.url}/`,
    writeKey: new Secret(key),
    timeoutMs,
    signal,
  });
  expect(JSON.stringify(verdict)).not.toContain("wk");
  return { verdict, arrived: cdn.arrived, begun: cdn.begun() };
};

test("200 with settings means that Segment knows the key", async () => {
  const { verdict, arrived } = await verify(answerWith(200, {}, JSON.stringify({ integrations: {}, plan: {} })));
  expect(verdict).toBe("known");
  expect(arrived).toMatchObject([{ method: "GET", path: `/v1/projects/${encodeURIComponent(key)}/settings` }]);
});

test("settings of some hundred KB are settings too", async () => {
  const { verdict } = await verify(answerWith(200, {}, JSON.stringify({ integrations: "x".repeat(400_000) })));
  expect(verdict).toBe("known");
});

test("404 means that Segment does not know the key", async () => {
  expect((await verify(answerWith(404, {}, "Not Found"))).verdict).toBe("unknown");
});

test("200 with anything but a JSON object decides nothing", async () => {
  for (const body of ["<html>Welcome</html>", "", "null", "[]", '"ok"', '{"integrations":'])
    expect((await verify(answerWith(200, {}, body))).verdict).toEqual({ undecided: expect.stringContaining("200") });
});

test("no other status decides anything", async () => {
  for (const status of [204, 301, 302, 400, 401, 403, 410, 429, 500, 503])
    expect((await verify(answerWith(status, { Location: "/elsewhere" }))).verdict).toEqual({
      undecided: expect.stringContaining(String(status)),
    });
});

test("a reset, a hang, an abort and an answer cut short decide nothing", async () => {
  const reset: Reaction = (response) => response.socket?.resetAndDestroy();
  const cut: Reaction = (response) => {
    response.writeHead(200, { "Content-Length": "100" }).write("{}", () => response.socket?.resetAndDestroy());
  };
  const hang = await verify(() => undefined, { timeoutMs: 200 });
  const verdicts = [await verify(reset), hang, await verify(cut)].map((run) => run.verdict);
  expect(verdicts).toEqual([
    { undecided: expect.stringContaining("ECONNRESET") },
    { undecided: expect.stringContaining("200 ms") },
    { undecided: expect.stringContaining("ECONNRESET") },
  ]);
  const aborted = await verify(answerWith(404), { signal: AbortSignal.abort() });
  expect(aborted).toMatchObject({ verdict: { undecided: expect.stringContaining("ABORTED") }, begun: 0 });
});
