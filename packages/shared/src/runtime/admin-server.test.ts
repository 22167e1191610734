import { Counter, Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { gatheringLog } from "../testing/gathering-log.ts";
import { adminServer } from "./admin-server.ts";

const never = new AbortController().signal;
const running: { drain(force: AbortSignal): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.drain(never);
});

const start = async (unreadyReasons: () => Promise<string[]>, { port = 0, logged = [] as string[] } = {}) => {
  const registry = new Registry();
  new Counter({ name: "relay_tests_total", help: "of a test", registers: [registry] }).inc();
  const server = adminServer({ host: "127.0.0.1", port, registry, unreadyReasons, log: gatheringLog(logged) });
  await server.start?.();
  running.push(server);
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port()}${path}`);
    return [response.status, await response.text()] as const;
  };
  return { server, ask };
};
const ready = () => Promise.resolve([]);

test("it is alive, and ready when there is no reason against it", async () => {
  const { ask } = await start(ready);
  expect(await ask("/livez")).toEqual([200, "alive\n"]);
  expect(await ask("/readyz?verbose")).toEqual([200, "ready\n"]);
});

test("it is unready with its reasons, line by line, and alive all the same", async () => {
  const { ask } = await start(() => Promise.resolve(["deliver of acme has stopped", "Redis does not answer"]));
  expect(await ask("/readyz")).toEqual([503, "deliver of acme has stopped\nRedis does not answer\n"]);
  expect((await ask("/livez"))[0]).toBe(200);
});

test("its metrics are those of the registry", async () => {
  const { ask } = await start(ready);
  const [status, body] = await ask("/metrics");
  expect([status, body]).toEqual([200, expect.stringContaining("relay_tests_total 1")]);
});

test("any other path is said not to be here", async () => {
  const { ask } = await start(ready);
  expect(await ask("/")).toEqual([404, expect.stringContaining("/readyz")]);
});

test("a check that fails is no readiness, is logged, and the server goes on", async () => {
  const logged: string[] = [];
  const { ask } = await start(() => Promise.reject(new Error("no")), { logged });
  expect((await ask("/readyz"))[0]).toBe(500);
  expect((await ask("/livez"))[0]).toBe(200);
  expect(logged).toEqual(["admin.failed"]);
});

test("a port that is in use is said in words that help", async () => {
  const { server } = await start(ready);
  await expect(start(ready, { port: server.port() })).rejects.toThrow(
    `the admin port 127.0.0.1:${server.port()} is in use; choose another with --admin-port`,
  );
});

test("a drain waits neither for connections that are kept alive nor for an answer under way, and the port is free", async () => {
  const asked = Promise.withResolvers<void>();
  const { server, ask } = await start(() => {
    asked.resolve();
    return new Promise(() => undefined);
  });
  const port = server.port();
  await ask("/livez");
  const unanswered = ask("/readyz").catch((error: unknown) => error);
  await asked.promise;
  await server.drain(never);
  expect(await unanswered).toBeInstanceOf(Error);
  await start(ready, { port });
});

test("a drain before the start is no error", async () => {
  const server = adminServer({
    host: "127.0.0.1",
    port: 0,
    registry: new Registry(),
    unreadyReasons: ready,
    log: gatheringLog([]),
  });
  await server.drain(never);
});

test("what is no path is told so, and is no fault of ours", async () => {
  const logged: string[] = [];
  const { ask } = await start(ready, { logged });
  expect(await ask("//")).toEqual([400, "this is no path; try /livez, /readyz or /metrics\n"]);
  expect(logged).toEqual([]);
});
