import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { bufferMegabytes, collect } from "@currents-relay/shared/runtime/collect.testing.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHttpClient, type HttpClient } from "./http-client.ts";

let connections = 0;
let hanging: ServerResponse[] = [];
const begun = Promise.withResolvers<void>();
const server = createServer((request, response) => {
  if (request.url !== "/hang") return request.resume().on("end", () => response.end("{}"));
  hanging.push(response);
  if (hanging.length === 2) begun.resolve();
  return undefined;
});
server.on("connection", () => (connections += 1));
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => server.close());

const urlOf = (path: string) => new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`); // listens on TCP

const get = (client: HttpClient, path: string) =>
  client.request({
    method: "GET",
    url: urlOf(path),
    headers: {},
    body: [],
    keepCharacters: 10,
  });

test("the clients of a process share their connections", async () => {
  const clients = [1, 2, 3].map(() => createHttpClient({ timeoutMs: 5_000 }));
  for (const client of clients) {
    expect(await get(client, "/")).toMatchObject({ kind: "response", status: 200 });
    client.close();
  }
  expect(connections).toBe(1);
});

test("what a client has under way ends with it, and nobody else's", async () => {
  const [one, other] = [createHttpClient({ timeoutMs: 5_000 }), createHttpClient({ timeoutMs: 5_000 })];
  const [ended, answered] = [get(one, "/hang"), get(other, "/hang")];
  await begun.promise;
  one.close();
  expect(await ended).toMatchObject({ kind: "network", code: "ECONNRESET" });
  for (const response of hanging.splice(0)) response.end("{}");
  hanging = [];
  expect(await answered).toMatchObject({ kind: "response", status: 200 });
});

test("a body that was sent is free after a scavenge, also when it was under way at one", async () => {
  const client = createHttpClient({ timeoutMs: 5_000 });
  const send = () => {
    const body = [Buffer.alloc(600_000)]; // not in this function's own hands any more while it is under way
    return client.request({ method: "POST", url: urlOf("/"), headers: {}, body, keepCharacters: 10 });
  };
  await send();
  collect();
  const before = bufferMegabytes();
  const some = async () => {
    for (let i = 0; i < 25; i += 1) {
      await send();
      collect({ type: "minor" });
    }
  };
  await Promise.all([some(), some(), some(), some()]);
  client.close();
  expect(bufferMegabytes() - before).toBeLessThan(15); // 60 were sent
});
