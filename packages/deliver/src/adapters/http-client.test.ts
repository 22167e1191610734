import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHttpClient, type HttpClient } from "./http-client.ts";

let connections = 0;
let hanging: ServerResponse[] = [];
const begun = Promise.withResolvers<void>();
const server = createServer((request, response) => {
  if (request.url !== "/hang") return response.end("{}");
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

const get = (client: HttpClient, path: string) =>
  client.request({
    method: "GET",
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`), // listens on TCP
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
