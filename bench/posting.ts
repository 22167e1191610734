import { Agent, request } from "node:http";
import { join } from "node:path";
import { customHttpEvent } from "@currents-relay/sim/braze-sender/custom-http-event.ts";
import { readAvroFile } from "@currents-relay/sim/currents-maker/reading-back.ts";
import type { FileSet } from "./event-files.ts";

const eventType = "users.messages.email.Click";

/** The events of a set in requests as Braze's Custom HTTP connector posts them. */
export const requestBodies = async (set: FileSet, eventsPerRequest: number): Promise<Buffer[]> => {
  const bodies: Buffer[] = [];
  for (const path of set.paths) {
    const events = (await readAvroFile(join(set.folder, path))).records.map((record) =>
      customHttpEvent(eventType, record),
    );
    for (let first = 0; first < events.length; first += eventsPerRequest)
      bodies.push(Buffer.from(JSON.stringify({ events: events.slice(first, first + eventsPerRequest) })));
  }
  return bodies;
};

export interface Receiver {
  url: string;
  token: string;
  /** Connections, each with one request after the other. */
  senders: number;
}

/** Resolves when the answer has been read, with how long that took (ms); rejects on another one than 200. */
const post = (body: Buffer, agent: Agent, { url, token }: Receiver): Promise<number> =>
  new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const headers = { authorization: `Bearer ${token}`, "content-length": body.length };
    request(url, { method: "POST", agent, headers }, (answer) => {
      answer.resume().on("end", () => {
        if (answer.statusCode === 200) resolve(performance.now() - startedMs);
        else reject(new Error(`a request was answered ${answer.statusCode}`));
      });
    })
      .on("error", reject)
      .end(body);
  });

/** Posts all of them, and answers with how long each waited for its answer (ms). */
export const postAll = async (bodies: readonly Buffer[], receiver: Receiver): Promise<number[]> => {
  const agent = new Agent({ keepAlive: true, maxSockets: receiver.senders });
  const left = bodies.values();
  const waitedMs: number[] = [];
  const sender = async () => {
    for (const body of left) waitedMs.push(await post(body, agent, receiver));
  };
  try {
    await Promise.all(Array.from({ length: receiver.senders }, sender));
  } finally {
    agent.destroy();
  }
  return waitedMs;
};
