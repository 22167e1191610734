import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
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

/** Answers as soon as a request begins, and reads it only when it is told to; what it read, all in all. */
const hastyServer = async (answer: string) => {
  const sockets: Socket[] = [];
  const hasBegun = Promise.withResolvers<void>();
  const hasty = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.once("readable", () => {
      socket.write(answer);
      hasBegun.resolve();
    });
  });
  hasty.listen(0, "127.0.0.1");
  await once(hasty, "listening");
  const readAll = async () => {
    const parts: Buffer[] = [];
    for (const socket of sockets) for await (const part of socket as AsyncIterable<Buffer>) parts.push(part);
    hasty.close();
    return Buffer.concat(parts);
  };
  return { port: (hasty.address() as AddressInfo).port, hasBegun: hasBegun.promise, readAll };
};

test.each([
  ["refuses it before it has it", "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", "response"],
  ["does not answer in time", "", "timeout"],
  ["is given up", "", "network"],
])("nobody reads a body any more whose server %s", async (_, answer, kind) => {
  const hasty = await hastyServer(answer);
  const givenUp = new AbortController();
  const client = createHttpClient({ timeoutMs: kind === "timeout" ? 300 : 10_000 });
  const body = Buffer.alloc(30_000_000, "a"); // more than sockets hold
  const asked = client.request({
    method: "POST",
    url: new URL(`http://127.0.0.1:${hasty.port}/`),
    headers: {},
    body: [body],
    keepCharacters: 10,
    signal: givenUp.signal,
  });
  await hasty.hasBegun;
  if (kind === "network") givenUp.abort();
  expect(await asked).toMatchObject({ kind });
  body.fill("z");
  const read = await hasty.readAll();
  client.close();
  expect(read.includes("aaaa")).toBe(true);
  expect(read.includes("z")).toBe(false);
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
