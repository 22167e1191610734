import { existsSync } from "node:fs";
import { join } from "node:path";
import { type RedisServer, startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { type SegmentSim, startSegmentSim } from "@currents-relay/sim/segment-sim/server.ts";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { aConfig, aFolder, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

const executablePath = "/usr/bin/chromium";
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

let segment: SegmentSim;
let redis: RedisServer;
let browser: Browser | undefined;
beforeAll(async () => {
  [segment, redis] = await Promise.all([startSegmentSim(), startRedisServer({ aof: "no" })]);
  if (existsSync(executablePath)) browser = await chromium.launch({ executablePath, args: quiet });
});
afterAll(() => Promise.all([segment.stop(), redis.stop(), browser?.close()]));

const startRelay = async ({ admin = "{ port: 0 }", server = redis } = {}) => {
  const often = "settingsEndpoint: $1, credentialCheckEvery: 1s";
  const config = aConfig({ segment: segment.url, redis: server.url })
    .replace(/settingsEndpoint: ("[^"]*")/, often)
    .replace("admin: { port: 0 }", `admin: ${admin}`);
  const folder = await aFolder({ "relay.yaml": config, "currents/broken.avro": "no Avro at all" });
  const relay = startRelayCommand(["start"], { cwd: folder });
  const address = () => /"admin":"http:\/\/[^"]*:(\d+)"/.exec(relay.stderr())?.[1];
  await until("the relay runs", () => address() !== undefined);
  return { folder, url: `http://127.0.0.1:${address()}` };
};

/** A page that notes whatever it should not do. */
const openPage = async (url: string, look: { width: number; colorScheme: "light" | "dark" }) => {
  if (!browser) throw new Error("no Chromium");
  const page = await browser.newPage({ viewport: { width: look.width, height: 800 }, colorScheme: look.colorScheme });
  onTestFinished(() => page.close());
  const faults: string[] = [];
  page.on("console", (message) => faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) faults.push(`asked for ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
};

const textOf = (page: Page, selector: string) => page.locator(selector).innerText();
const isTooWide = (page: Page) =>
  page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");

test.skipIf(!existsSync(executablePath))("the page follows the relay without being loaded again", async () => {
  const { folder, url } = await startRelay();
  const { page, faults } = await openPage(url, { width: 1280, colorScheme: "light" });
  await until("it is live", async () => (await textOf(page, "#link")).startsWith("live"));
  const unread = "acme: 1 place of files that could not be read in quarantine: relay dlq list --queue quarantine";
  await until("it shows the file that is no Avro", async () => (await textOf(page, ".verdict")) === unread);
  const eventTypes = ["users.messages.email.Open"];
  await makeCurrents({ into: join(folder, "currents"), events: 500, eventTypes, seed: 1 });
  await until("it shows what is delivered", async () => (await textOf(page, ".workspace")).includes("500"));
  expect(await textOf(page, ".quarantine")).toContain("not-avro");

  segment.control({ keys: ["another-key"] });
  await until("it shows the outage", async () => (await textOf(page, ".verdict")).includes("acme: held"));
  expect(await page.locator(".workspace.holding").count()).toBe(1);
  expect(await page.locator("canvas").count()).toBe(2);
  segment.control({ keys: null });
  // What was accepted right before stays suspect: no green page until somebody has seen to it.
  await until("it shows its end", async () => (await page.locator(".verdict.bad").count()) === 0);
  expect(await textOf(page, ".verdict.warn")).toMatch(/^acme: \d+ events may have been thrown away by Segment/);

  const phone = await openPage(url, { width: 390, colorScheme: "dark" });
  await until("it is live", async () => (await textOf(phone.page, "#link")).startsWith("live"));
  expect([await isTooWide(page), await isTooWide(phone.page)]).toEqual([false, false]);
  const ground = (of: Page) => of.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  expect(await ground(phone.page)).not.toBe(await ground(page));
  expect([...faults, ...phone.faults]).toEqual([]);
});

test.skipIf(!existsSync(executablePath))("a page says that Redis is gone, and is live again by itself", async () => {
  const server = await startRedisServer({ aof: "no" });
  onTestFinished(() => server.stop());
  const { url } = await startRelay({ server });
  const { page } = await openPage(url, { width: 1280, colorScheme: "light" });
  const isLive = async (of: Page) => (await textOf(of, "#link")).startsWith("live");
  await until("it is live", () => isLive(page));
  process.kill(server.pid, "SIGSTOP");
  await until("it says so", async () => (await textOf(page, ".verdict")).includes("or Redis does not"));
  expect(await textOf(page, ".verdict")).toMatch(/^No news since \d\d:\d\d:\d\d: /);
  expect(await page.locator(".verdict.good, #link.live").count()).toBe(0);
  const newcomer = await openPage(url, { width: 390, colorScheme: "dark" });
  expect(await textOf(newcomer.page, "body")).toContain("Redis does not answer");
  process.kill(server.pid, "SIGCONT");
  await until("it is live again", () => isLive(page));
  await until("its verdict is of now", async () => (await textOf(page, ".verdict")).includes("could not be read"));
  await newcomer.page.locator("#link.live").waitFor();
});

test.skipIf(!existsSync(executablePath))("a page that was turned away comes again by itself", async () => {
  const { url } = await startRelay();
  const { page } = await openPage(url, { width: 1280, colorScheme: "light" });
  await page.route("**/page/events", (route) => route.fulfill({ status: 503 }), { times: 1 });
  await page.reload();
  await until("it says so", async () => (await textOf(page, "#link")).startsWith("too many look"));
  await until("it is live", async () => (await textOf(page, "#link")).startsWith("live"), 20_000);
});

test("beyond this machine the page needs its token, which a browser keeps in a cookie", async () => {
  const token = "a-token-of-the-test";
  const { url } = await startRelay({ admin: `{ port: 0, host: "0.0.0.0", token: ${token} }` });
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const refused = await fetch(url);
  expect([refused.status, await refused.text()]).toEqual([401, expect.stringContaining("admin.token") as string]);
  expect((await fetch(`${url}/page/events`)).status).toBe(401);
  const taken = await fetch(`${url}/?token=${token}`, { redirect: "manual" });
  expect(taken.status).toBe(303);
  const cookie = taken.headers.get("set-cookie")?.split(";")[0] ?? "";
  const page = await fetch(url, { headers: { cookie } });
  expect([page.status, page.headers.get("content-security-policy")]).toEqual([
    200,
    expect.stringContaining("script-src 'self'") as string,
  ]);
  expect((await fetch(url, { method: "POST", headers: { cookie } })).status).toBe(405);
});
