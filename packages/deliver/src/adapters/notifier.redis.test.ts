import { Secret } from "@currents-relay/shared/config/secret.ts";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { useRedis } from "@currents-relay/shared/testing/redis-server.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { OutageEvent } from "../core/outage-event.ts";
import type { Notice } from "../core/outage-state.ts";
import { type NoticeChannel, NoticeRefused } from "../notify.ts";
import { noticeChannels } from "./notifier-channels.ts";
import { redisNoticeLedger } from "./notifier-ledger.ts";
import type { NoticeOutcome } from "./notifier-sender.ts";
import { notifier, type NotifierOptions } from "./notifier.ts";
import { startMailServer } from "./notify-email-stand-in.ts";
import { key, keyChanged, known, refused } from "./redis-outage-conformance.ts";
import { watchOutage } from "./redis-outage-watch.ts";
import { redisOutages } from "./redis-outage.ts";
import { answerWith, startStandIn } from "./transport-stand-in.ts";

const redis = useRedis();
const log = createLogger({ level: "silent", terminal: false });
log.child = () => log as never; // a child would log past the spies; its type depends on custom levels, of which there are none
const logged = { info: vi.spyOn(log, "info"), warn: vi.spyOn(log, "warn"), error: vi.spyOn(log, "error") };
const allLogged = () => JSON.stringify(Object.values(logged).flatMap((spy) => spy.mock.calls));
const unforced = new AbortController().signal;
const settled = { interval: 10, timeout: 8_000 };

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  for (const spy of Object.values(logged)) spy.mockClear();
});

/** One pod: its own connection, its own watch, its own notifier. */
const startPod = async (channels: readonly NoticeChannel[], over: Partial<NotifierOptions> = {}) => {
  const client = redis.connect();
  const outage = watchOutage({ workspace: "acme", outages: redisOutages(client, "acme"), log, everyMs: 10 });
  await outage.start();
  ends.push(() => outage.drain(unforced));
  const counted: NoticeOutcome[] = [];
  const ledger = redisNoticeLedger(client, "acme");
  const part = notifier({
    workspace: "acme",
    connectors: [{ name: "engagement", contact: "data@acme.example" }],
    expiry: { afterMs: 1_000, then: "keep" },
    outage,
    channels,
    ledger,
    held: () => Promise.resolve({ events: 7, oldestHeldMs: 20, suspectEvents: 900 }),
    log,
    count: (_, outcome) => counted.push(outcome),
    now: Date.now,
    random: () => 0,
    everyMs: 10,
    ...over,
  });
  ends.push(() => part.drain(unforced));
  part.start();
  return { client, outage, ledger, part, counted };
};
type Pod = Awaited<ReturnType<typeof startPod>>;

const report = async ({ outage }: Pod, ...events: OutageEvent[]) => {
  for (const event of events) await outage.report(event);
};
const untilTold = (pod: Pod) => expect.poll(async () => (await pod.outage.refresh()).untold, settled).toEqual([]);
const tick = (atMs: number): OutageEvent => ({ kind: "tick", oldestHeldMs: 20, expiryAfterMs: 1_000, atMs });
const wholeOutage: readonly OutageEvent[] = [
  keyChanged,
  known(10),
  refused(20),
  tick(520),
  tick(820),
  tick(970),
  known(980),
  { kind: "trialTaken", forMs: 5, keyFingerprint: key, atMs: 981 },
  { kind: "delivered", keyFingerprint: key, atMs: 982 },
  { kind: "drained", atMs: 983 },
];

const openedNotice: Notice = { id: "20-opened", name: "opened", reason: "unauthorized", openedMs: 20, atMs: 20 };

/** A channel that remembers what it was given; `notify` may be replaced. */
const aChannel = (id: string, notify: NoticeChannel["notify"] = () => Promise.resolve()) => {
  const given: string[] = [];
  const channel: NoticeChannel = {
    kind: "webhook",
    id,
    notify: async (message, signal) => {
      given.push(message.id);
      await notify(message, signal);
    },
  };
  return { channel, given };
};
/** Sends are tried again at once, not after seconds. */
const impatient = (pod: Pod) => pod.client.del("relay:notice-lease:acme:20-opened");

describe("telling people of an outage", () => {
  it("sends every notice of it once to the webhook and to each contact, however many pods there are", async () => {
    await using webhook = await startStandIn();
    await using mail = await startMailServer();
    const connectors = ["data@acme.example", "Data@Acme.example", "sms@acme.example", undefined].map(
      (contact, index) => ({ name: `c${index}`, contact }),
    );
    const channels = () =>
      noticeChannels(
        {
          webhook: { url: new Secret(webhook.url), secret: new Secret("s") },
          email: { smtpUrl: new Secret(mail.url), from: "relay@acme.example" },
        },
        connectors,
      );
    const pods = await Promise.all([1, 2, 3].map(() => startPod(channels(), { connectors })));
    await report(pods[0]!, ...wholeOutage);
    await untilTold(pods[0]!);
    const names = ["opened", "half", "80", "95", "closed"].map((name) => `acme-20-${name}`);
    const byWebhook = webhook.arrived.map(({ headers }) => String(headers["relay-notice-id"]));
    expect(byWebhook.toSorted()).toEqual(names.toSorted());
    const byMail = mail.mails.map(({ to, headers }) => `${to.join()} ${headers["message-id"]}`);
    const wanted = ["data@acme.example", "sms@acme.example"].flatMap((to) =>
      names.map((name) => `${to} <${name}@acme.example>`),
    );
    expect(byMail.toSorted()).toEqual(wanted.toSorted());
    expect(pods.flatMap(({ counted }) => counted)).toEqual(Array.from({ length: 15 }, () => "sent"));
    expect(allLogged()).not.toMatch(/@acme|127\.0\.0\.1/i);
  });

  it("says what is held at the time of sending", async () => {
    await using webhook = await startStandIn();
    const places = { webhook: { url: new Secret(webhook.url), secret: new Secret("s") } };
    const pod = await startPod(noticeChannels(places, []));
    await report(pod, keyChanged, known(10), refused(20));
    await untilTold(pod);
    expect(JSON.parse(webhook.arrived[0]?.body ?? "")).toMatchObject({
      heldEvents: 7,
      phase: "holding",
      reason: "unauthorized",
      expiresAt: new Date(1_020).toISOString(),
    });
  });

  it("does not send again what another pod has sent, however old its own view of the outage is", async () => {
    const first = aChannel("webhook");
    const pod = await startPod([first.channel]);
    await report(pod, keyChanged, known(10), refused(20));
    const old = await pod.outage.refresh();
    await untilTold(pod);
    await impatient(pod);
    const second = aChannel("webhook");
    const behind = { ...pod.outage, state: () => ({ ...old, untold: [openedNotice] }) };
    await startPod([second.channel], { outage: behind });
    await expect.poll(() => pod.client.exists("relay:notice-lease:acme:20-opened"), settled).toBe(1);
    await untilTold(pod);
    expect(first.given).toEqual(["acme-20-opened"]);
    expect(second.given).toEqual([]);
  });

  it("tries a channel that failed again, and leaves those alone that worked", async () => {
    await using webhook = await startStandIn();
    webhook.react(answerWith(503));
    const places = { webhook: { url: new Secret(webhook.url), secret: new Secret("s") } };
    const other = aChannel("email:1");
    const pod = await startPod([...noticeChannels(places, []), other.channel]);
    await report(pod, keyChanged, known(10), refused(20));
    await expect.poll(() => pod.counted.toSorted(), settled).toEqual(["failed", "sent"]);
    const leftMs = await pod.client.pttl("relay:notice-lease:acme:20-opened");
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(2_500);
    expect((await pod.outage.refresh()).untold).toHaveLength(1);
    webhook.react(answerWith(200));
    await impatient(pod);
    await untilTold(pod);
    expect(webhook.arrived).toHaveLength(2);
    expect(other.given).toHaveLength(1);
  });

  it("gives a channel up that refuses for long, loudly, and the other notices do not wait for it", async () => {
    await using webhook = await startStandIn();
    webhook.react((response, request) =>
      answerWith(request.headers["relay-notice-id"] === "acme-20-opened" ? 404 : 200)(response, request),
    );
    const places = { webhook: { url: new Secret(webhook.url), secret: new Secret("s") } };
    const pod = await startPod(noticeChannels(places, []));
    await report(pod, keyChanged, known(10), refused(20), tick(520));
    await expect.poll(() => pod.counted.toSorted(), settled).toEqual(["refused", "sent"]);
    await expect
      .poll(async () => {
        await impatient(pod);
        return pod.counted.at(-1);
      }, settled)
      .toBe("given-up");
    await untilTold(pod);
    expect(webhook.arrived).toHaveLength(13);
    expect(logged.error).toHaveBeenCalledTimes(1);
    expect(pod.counted.filter((outcome) => outcome === "refused")).toHaveLength(11);
  });

  it("leaves a channel alone that was given up, while another one is still tried", async () => {
    const refusing = aChannel("webhook", () => Promise.reject(new NoticeRefused("no")));
    const failing = aChannel("email:1", () => Promise.reject(new Error("later")));
    const pod = await startPod([refusing.channel, failing.channel]);
    await report(pod, keyChanged, known(10), refused(20));
    await expect
      .poll(async () => {
        await impatient(pod);
        return failing.given.length;
      }, settled)
      .toBeGreaterThan(13);
    expect(refusing.given).toHaveLength(12);
    expect((await pod.outage.refresh()).untold).toHaveLength(1);
  });

  it("goes on where a killed pod was, without a word to those who were told", async () => {
    const done = aChannel("webhook");
    const [begun, never] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const stuck = aChannel("email:1", () => {
      begun.resolve();
      return never.promise;
    });
    const killed = await startPod([done.channel, stuck.channel]);
    await report(killed, keyChanged, known(10), refused(20));
    await begun.promise;
    void killed.part.drain(AbortSignal.abort()); // what is in hand is not waited for
    const [again, next] = [aChannel("webhook"), aChannel("email:1")];
    const pod = await startPod([again.channel, next.channel]);
    expect(next.given).toEqual([]);
    await impatient(pod); // the killed pod's lease lapses
    await untilTold(pod);
    expect([...done.given, ...again.given]).toHaveLength(1);
    expect(next.given).toHaveLength(1);
  });

  it("where nobody is to be told, says so in the log, and keeps nothing waiting", async () => {
    const pod = await startPod(noticeChannels({ email: { smtpUrl: new Secret("smtp://x"), from: "a@b.c" } }, []));
    await report(pod, ...wholeOutage);
    await untilTold(pod);
    expect(logged.warn.mock.calls.map(([, said]) => said)).toEqual(
      Array.from({ length: 5 }, () => expect.stringContaining("notice.nobody")),
    );
  });

  it("ends when what is being sent was sent, and begins nothing new", async () => {
    const [begun, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = aChannel("webhook", () => {
      begun.resolve();
      return answer.promise;
    });
    const outages = redisOutages(redis.connect(), "acme");
    for (const event of [keyChanged, known(10), refused(20), tick(520)]) await outages.report(event);
    const pod = await startPod([slow.channel]);
    await begun.promise;
    const drained = pod.part.drain(unforced);
    answer.resolve();
    await drained;
    expect(slow.given).toEqual(["acme-20-opened"]);
    expect((await pod.outage.refresh()).untold.map(({ name }) => name)).toEqual(["half"]);
  });

  it("breaks off what is being sent when it is forced, and may be ended twice, and before it began", async () => {
    const begun = Promise.withResolvers<void>();
    const broken = Promise.withResolvers<unknown>();
    const endless = aChannel("webhook", (_, signal) => {
      begun.resolve();
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          broken.resolve(signal.reason);
          reject(new Error("aborted"));
        });
      });
    });
    const pod = await startPod([endless.channel]);
    await report(pod, keyChanged, known(10), refused(20));
    await begun.promise;
    const force = new AbortController();
    const drained = pod.part.drain(force.signal);
    force.abort();
    await drained;
    await broken.promise;
    await pod.part.drain(unforced);
    await new Promise(setImmediate); // time enough to count a failure
    expect(await pod.client.exists("relay:notice:acme:20-opened")).toBe(0);
    expect(pod.counted).toEqual([]);
  });

  it("goes on when Redis had an error", async () => {
    const { channel, given } = aChannel("webhook");
    const client = redis.connect();
    const ledger = redisNoticeLedger(client, "acme");
    let failures = 0;
    const pod = await startPod([channel], {
      ledger: {
        ...ledger,
        take: (notice, forMs) => {
          failures += 1;
          return failures < 3 ? Promise.reject(new Error("Connection is closed.")) : ledger.take(notice, forMs);
        },
      },
    });
    await report(pod, keyChanged, known(10), refused(20));
    await untilTold(pod);
    expect(given).toHaveLength(1);
  });

  it("leaves nothing in Redis that does not end by itself", async () => {
    const pod = await startPod([
      aChannel("webhook").channel,
      aChannel("email:1", () => Promise.reject(new Error("no"))).channel,
    ]);
    await report(pod, keyChanged, known(10), refused(20));
    await expect.poll(() => pod.counted.length, settled).toBe(2);
    const keys = await pod.client.keys("relay:notice*");
    expect(keys).toHaveLength(2);
    for (const one of keys) expect(await pod.client.pttl(one)).toBeGreaterThan(0);
  });
});
