import { randomUUID } from "node:crypto";
import { sendEvents } from "@currents-relay/sim/braze-sender/send-events.ts";
import { expect, test } from "vitest";
import {
  aConfig,
  aFolder,
  openedHttpPort,
  type RunningCommand,
  runRelay,
  startRelayCommand,
} from "./support/command-line.ts";
import { useSegmentAndRedis } from "./support/segment-and-redis.ts";
import { until } from "./support/until.ts";

const at = useSegmentAndRedis();

const token = "a-token-of-acme";
const eventsPerRequest = 5;
const requests = 300;
const senders = 8;
const kills = 3;

const anEvent = () => ({
  event_type: "users.messages.email.Open",
  id: randomUUID(),
  time: 1_790_000_000,
  user: { user_id: "b1", external_user_id: "u1" },
  properties: { campaign_name: "Autumn" },
});

/** One life of the relay. */
interface Life {
  relay: RunningCommand;
  url: string;
  /** Aborted when it is over. */
  over: AbortController;
}

const begin = async (cwd: string): Promise<Life> => {
  const relay = startRelayCommand(["start"], { cwd });
  const port = await openedHttpPort(relay);
  return { relay, url: `http://127.0.0.1:${port}/v1/currents/acme/engagement`, over: new AbortController() };
};

test("what is posted by many while the relay is killed again and again arrives, and all is counted once", async () => {
  const config = aConfig({ segment: at.segment.url, redis: at.redis.url }).replace(
    /source: .*/,
    `source: { type: http, tokens: [${token}] }`,
  );
  const cwd = await aFolder({ "relay.yaml": `${config}http: { port: 0 }\n` });
  const ids = new Set<string>();
  let life = begin(cwd);
  let answered = 0;

  const left = Array.from({ length: requests }, () => Array.from({ length: eventsPerRequest }, anEvent)).values();
  const sender = async () => {
    for (const batch of left) {
      for (const { id } of batch) ids.add(id);
      // As Braze does: until it is answered 200, by whichever process there is then.
      for (let delivered = 0; delivered < batch.length;) {
        const { url, over } = await life;
        ({ delivered } = await sendEvents(batch, { url, token, backoffMs: 10, signal: over.signal }));
      }
      answered += 1;
    }
  };
  const killer = async () => {
    for (let kill = 1; kill <= kills; kill += 1) {
      await until(`part ${kill} has been posted`, () => answered >= (kill * requests) / (kills + 1));
      const { relay, over } = await life;
      relay.signal("SIGKILL");
      life = relay.ended.then(() => begin(cwd));
      over.abort();
    }
  };
  await Promise.all([killer(), ...Array.from({ length: senders }, sender)]);

  await until("all have arrived", () => at.segment.ids().size >= ids.size);
  expect(new Set(at.segment.ids().keys())).toEqual(ids);
  // What ended in a process that was killed before it was counted, is counted by the sweeper.
  await until("all is counted, once", async () => {
    const { stdout } = await runRelay(["status", "--json"], { cwd });
    const { workspaces } = JSON.parse(stdout) as {
      workspaces: { conservation: { holds: boolean }; events: { delivered: number } }[];
    };
    return workspaces.every(({ conservation, events }) => conservation.holds && events.delivered === ids.size);
  });
  const { relay } = await life;
  relay.signal("SIGTERM");
  expect((await relay.ended).code).toBe(0);
});
