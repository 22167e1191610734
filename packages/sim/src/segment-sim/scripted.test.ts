import { request as httpRequest } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import type { Control } from "./control.ts";
import type { RuleAction } from "./rules.ts";
import { startSegmentSim } from "./server.ts";

const start = async (script: Control) => {
  const sim = await startSegmentSim({ script });
  onTestFinished(() => sim.stop());
  return sim;
};
const startWith = (then: RuleAction) => start({ rules: [{ times: 1, then }] });

const call = (messageId: string) => ({ type: "track", event: "E", userId: "u", messageId });
const send = (url: string, ...ids: string[]) =>
  fetch(`${url}/v1/batch`, {
    method: "POST",
    body: JSON.stringify({ batch: ids.map(call), writeKey: "key-1" }),
    redirect: "manual",
  });

test("a scripted status comes with its headers and body, and accepts nothing", async () => {
  const sim = await startWith({ status: 429, headers: { "Retry-After": "2" }, body: { message: "slow down" } });
  const answer = await send(sim.url, "a");
  expect([answer.status, answer.headers.get("retry-after"), await answer.json()]).toEqual([
    429,
    "2",
    { message: "slow down" },
  ]);
  expect(sim.stats()).toMatchObject({ accepted: 0, requests: { byStatus: { 429: 1 } } });
  expect((await send(sim.url, "a")).status).toBe(200);
});

test("Retry-After can be a date", async () => {
  const sim = await startWith({ status: 503, retryAfterDateSeconds: 3_600 });
  const header = (await send(sim.url, "a")).headers.get("retry-after") ?? "";
  expect(header).toMatch(/GMT$/);
  expect(Math.abs(Date.parse(header) - Date.now() - 3_600_000)).toBeLessThan(10_000);
});

test.each([
  ["before", 0],
  ["after", 1],
] as const)("a reset %s accepting leaves %i events accepted, and the client sees an error", async (when, accepted) => {
  const sim = await startWith({ reset: true, when });
  await expect(send(sim.url, "a")).rejects.toThrow("fetch failed");
  expect(sim.stats()).toMatchObject({ accepted, requests: { byStatus: { reset: 1 } } });
  expect((await send(sim.url, "a")).status).toBe(200);
  expect(sim.stats().repeats).toBe(accepted);
});

test("a redirect leads to a page that answers 200 and accepts nothing", async () => {
  const sim = await startWith({ redirect: 302 });
  const answer = await send(sim.url, "a");
  expect(answer.status).toBe(302);
  expect((await fetch(new URL(answer.headers.get("location") ?? "", sim.url))).status).toBe(200);
  expect(sim.stats().accepted).toBe(0);
});

test("a discarding rule answers 200 and throws the events away", async () => {
  const sim = await startWith({ discard: true });
  expect((await send(sim.url, "a", "b")).status).toBe(200);
  expect(sim.stats()).toMatchObject({ accepted: 0, discardedBy: { rule: 2 } });
});

test("a delayed request is accepted as usual, after its delay", async () => {
  const sim = await startWith({ delayMs: 50 });
  const before = performance.now();
  expect((await send(sim.url, "a")).status).toBe(200);
  expect(performance.now() - before).toBeGreaterThan(45);
  expect(sim.stats().accepted).toBe(1);
});

test("a delayed request keeps its own events while other ones come", async () => {
  const sim = await start({ rules: [{ match: { messageId: "late" }, then: { delayMs: 100 } }] });
  const late = send(sim.url, "late");
  for (const id of ["b", "c"]) await send(sim.url, id);
  await late;
  const calls = (await (await fetch(`${sim.url}/__calls`)).json()) as { call: object }[]; // its own page
  expect(calls.map((accepted) => accepted.call)).toEqual(["b", "c", "late"].map(call));
});

test("a request that comes in chunks is received as any other", async () => {
  const sim = await start({});
  const body = JSON.stringify({ batch: ["a", "b"].map(call), writeKey: "key-1" });
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest(`${sim.url}/v1/batch`, { method: "POST" }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
    request.write(body.slice(0, 40)); // without a content-length, as more may come
    request.end(body.slice(40));
  });
  expect(status).toBe(200);
  expect([...sim.ids().keys()]).toEqual(["a", "b"]);
});

test("a rule for one event refuses its batch and no other", async () => {
  const sim = await start({ rules: [{ match: { messageId: "bad" }, then: { status: 400 } }] });
  expect((await send(sim.url, "good", "bad")).status).toBe(400);
  expect((await send(sim.url, "good")).status).toBe(200);
  expect([...sim.ids().keys()]).toEqual(["good"]);
});

test("control over HTTP changes keys and rules while it runs, and refuses a wrong script whole", async () => {
  const sim = await start({ keys: ["key-1"] });
  const control = (body: object) => fetch(`${sim.url}/__control`, { method: "POST", body: JSON.stringify(body) });
  expect((await control({ keys: ["key-9"], rules: [{ then: { status: 418 } }, {}] })).status).toBe(400);
  expect((await send(sim.url, "a")).status).toBe(200);
  expect((await control({ keys: ["key-9"] })).status).toBe(200);
  await send(sim.url, "b");
  expect(sim.stats()).toMatchObject({ accepted: 1, discarded: 1 });
  await control({ reset: true, keys: null });
  expect(sim.stats()).toMatchObject({ accepted: 0, discarded: 0, distinct: 0, requests: { total: 0 } });
  await send(sim.url, "c");
  expect([...sim.ids().keys()]).toEqual(["c"]);
});

test("the stand-in's pages show its counts, ids, last calls and arrivals", async () => {
  const sim = await start({});
  await send(sim.url, "a", "b");
  await send(sim.url, "b");
  const page = (path: string) => fetch(sim.url + path);
  expect(await (await page("/__stats")).json()).toEqual(sim.stats());
  expect(await (await page("/__accepted")).json()).toBe(3);
  expect(await (await page("/__accepted?atLeast=3")).json()).toBe(3);
  expect(await (await page("/__ids")).text()).toBe('{"id":"a","count":1}\n{"id":"b","count":2}\n');
  expect(await (await page("/__calls?limit=2")).json()).toMatchObject([{ call: call("b") }, { call: call("b") }]);
  expect(await (await page("/__arrivals")).json()).toMatchObject([{ events: 2 }, { events: 1 }]);
  expect((await page("/__calls?limit=x")).status).toBe(400);
  expect((await page("/nowhere")).status).toBe(404);
});

test("who asks for so many accepted events is answered when they are there, or after a second", async () => {
  const sim = await start({});
  const asked = async (atLeast: number) => (await fetch(`${sim.url}/__accepted?atLeast=${atLeast}`)).json();
  const two = asked(2);
  await send(sim.url, "a");
  expect(await asked(1)).toBe(1);
  await send(sim.url, "b");
  expect(await two).toBe(2);
  expect(await asked(3)).toBe(2);
});

const jwt = [{ alg: "RS256" }, { iss: "client-1" }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
  .concat("signature")
  .join(".");
const askToken = (url: string, assertion: string) =>
  fetch(`${url}/token`, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", client_assertion: assertion }),
  });
const sendWith = (url: string, token: string) =>
  fetch(`${url}/v1/batch`, {
    method: "POST",
    body: JSON.stringify({ batch: [call("a")] }),
    headers: { authorization: `Bearer ${token}` },
  });

test("a token is given for a JWT, opens the batch endpoint, and another token gets 401", async () => {
  const sim = await start({ keys: [] });
  const answer = (await (await askToken(sim.url, jwt)).json()) as { access_token: string }; // what OAuth servers answer
  expect((await sendWith(sim.url, answer.access_token)).status).toBe(200);
  expect(sim.stats().byWriteKey["oauth:client-1"]?.accepted).toBe(1);
  expect((await sendWith(sim.url, "made-up")).status).toBe(401);
  expect((await askToken(sim.url, "no.jwt")).status).toBe(400);
});

test("the token server can be scripted to refuse", async () => {
  const sim = await start({ rules: [{ match: { route: "token" }, then: { status: 500 } }] });
  expect((await askToken(sim.url, jwt)).status).toBe(500);
  expect((await send(sim.url, "a")).status).toBe(200);
});
