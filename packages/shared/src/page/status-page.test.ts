import { Registry } from "prom-client";
import { expect, onTestFinished, test } from "vitest";
import { adminServer } from "../runtime/admin-server.ts";
import { gatheringLog } from "../testing/gathering-log.ts";
import type { PageView } from "./page-view.ts";
import { aPageView } from "./page-view.testing.ts";
import { statusPage } from "./status-page.ts";

const start = async (read: () => Promise<PageView>) => {
  const host = "127.0.0.1";
  const log = gatheringLog([]);
  const server = adminServer({
    host,
    port: 0,
    registry: new Registry(),
    unreadyReasons: () => Promise.resolve([]),
    page: statusPage({ host, read, log, withinMs: 50 }),
    log,
  });
  await server.start?.();
  onTestFinished(() => server.drain(new AbortController().signal));
  return () => fetch(`http://${host}:${server.port()}/`);
};

test("while Redis does not answer the page says so instead of hanging, and comes when Redis does", async () => {
  const redis = Promise.withResolvers<PageView>();
  const load = await start(() => redis.promise);
  const absent = await load();
  expect([absent.status, absent.headers.get("refresh")]).toEqual([503, "5"]);
  expect(await absent.text()).toMatch(/^Redis does not answer/);
  redis.resolve(aPageView(12_000));
  const there = await load();
  expect([there.status, await there.text()]).toEqual([200, expect.stringContaining('data-at="12"') as string]);
});

test("a Redis that refuses is said as well, and a fault of ours is not laid to it", async () => {
  const refused = await start(() => Promise.reject(new Error("LOADING Redis is loading the dataset in memory")));
  expect((await refused()).status).toBe(503);
  const broken = await start(() => Promise.reject(new TypeError("a bug")));
  expect((await broken()).status).toBe(500);
});
