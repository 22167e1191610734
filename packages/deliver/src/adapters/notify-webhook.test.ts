import { createHmac, timingSafeEqual } from "node:crypto";
import { Secret } from "@currents-relay/shared/config/secret.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NoticeRefused } from "../notify.ts";
import { anOpenedNotice } from "./notify-message-maker.ts";
import { webhookNotify } from "./notify-webhook.ts";
import { answerWith, startStandIn, type StandIn } from "./transport-stand-in.ts";

const secret = "whsec-123";
const nowMs = 1_795_442_500_999;
const inTime = () => AbortSignal.timeout(8_000);

describe("the webhook", () => {
  let receiver: StandIn;
  beforeEach(async () => {
    receiver = await startStandIn();
    receiver.react(answerWith(204, {}, ""));
  });
  afterEach(() => receiver[Symbol.asyncDispose]());

  const notify = (message = anOpenedNotice(), { signal = inTime(), timeoutMs = 5_000 } = {}) =>
    webhookNotify({
      url: new Secret(`${receiver.url}/hooks/token-456`),
      secret: new Secret(secret),
      timeoutMs,
      now: () => nowMs,
    })(message, signal);
  const fault = async (over: Parameters<typeof notify>[1] = {}) => {
    const error: unknown = await notify(anOpenedNotice(), over).catch((cause: unknown) => cause);
    if (!(error instanceof Error)) throw new Error("it was taken");
    expect(`${error.message} ${String(error.cause)}`).not.toMatch(/token-456|whsec/);
    return error;
  };

  it("gets the notice as JSON, for programs and for people, with its id", async () => {
    await notify();
    const [arrived] = receiver.arrived;
    expect(arrived).toMatchObject({ method: "POST", path: "/hooks/token-456" });
    expect(arrived?.headers).toMatchObject({
      "content-type": "application/json",
      "relay-notice-id": "acme-1795442412000-opened",
    });
    expect(JSON.parse(arrived?.body ?? "")).toEqual({
      v: 1,
      id: "acme-1795442412000-opened",
      outageId: "acme-1795442412000",
      event: "outage.opened",
      percent: null,
      workspace: "acme",
      connectors: [
        { name: "engagement", contact: "data@acme.example" },
        { name: "sms", contact: null },
      ],
      reason: "unknown-write-key",
      whatToDo: { text: expect.stringContaining("segment.writeKey") },
      phase: "holding",
      openedAt: "2026-11-23T14:00:12.000Z",
      at: "2026-11-23T14:00:12.000Z",
      asOf: "2026-11-23T14:00:13.000Z",
      heldEvents: 12,
      expiresAt: "2026-11-25T14:00:12.000Z",
      expiryThen: "keep",
      suspect: { from: "2026-11-23T13:59:12.000Z", to: "2026-11-23T14:00:12.000Z", events: 900 },
      subject: expect.stringContaining("acme"),
      body: expect.stringContaining("What to do"),
    });
  });

  it("says how much of the window is used, and null for what does not apply", async () => {
    await notify(anOpenedNotice({ event: "outage.window", percent: 80, expiresAtMs: undefined, suspect: undefined }));
    expect(JSON.parse(receiver.arrived[0]?.body ?? "")).toMatchObject({
      event: "outage.window",
      percent: 80,
      expiresAt: null,
      suspect: null,
    });
  });

  it("can check who sent it, and when: a signature over the time and the body as it came", async () => {
    await notify();
    const { headers, body } = receiver.arrived[0]!;
    const [, seconds, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["relay-signature"])) ?? [];
    expect(Number(seconds)).toBe(1_795_442_500);
    const expected = createHmac("sha256", secret).update(`${seconds}.`).update(body).digest();
    expect(timingSafeEqual(Buffer.from(v1 ?? "", "hex"), expected)).toBe(true);
  });

  it("has taken the notice when it answers 2xx, whatever it says", async () => {
    for (const status of [200, 201, 202, 204]) {
      receiver.react(answerWith(status, {}, status === 204 ? "" : "<html>thanks</html>"));
      await notify();
    }
  });

  it("refuses with any other answer; a redirect is not followed", async () => {
    for (const status of [301, 302, 307, 308, 400, 401, 403, 404, 410, 422]) {
      receiver.react(answerWith(status, { Location: `${receiver.url}/elsewhere` }));
      const error = await fault();
      expect(error).toBeInstanceOf(NoticeRefused);
      expect(error.message).toContain(String(status));
    }
    expect(receiver.arrived.map(({ path }) => path)).not.toContain("/elsewhere");
  });

  it("fails for now with 408, 429 and 5xx, a reset, a hang and an abort", async () => {
    for (const status of [408, 429, 500, 502, 503]) {
      receiver.react(answerWith(status));
      const error = await fault();
      expect(error).not.toBeInstanceOf(NoticeRefused);
      expect(error.message).toContain(String(status));
    }
    receiver.react((response) => response.socket?.resetAndDestroy());
    expect((await fault()).message).toContain("ECONNRESET");
    receiver.react(() => undefined);
    expect((await fault({ timeoutMs: 300 })).message).toContain("300 ms");
    expect((await fault({ signal: AbortSignal.abort() })).message).toContain("ABORTED");
  });
});
