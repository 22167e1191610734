import { Secret } from "@currents-relay/shared/config/secret.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noticeText } from "../core/notice-text.ts";
import { NoticeRefused } from "../notify.ts";
import { type MailServer, startMailServer } from "./notify-email-stand-in.ts";
import { emailNotify, type EmailOptions } from "./notify-email.ts";
import { anOpenedNotice } from "./notify-message-maker.ts";

const inTime = () => AbortSignal.timeout(8_000);

describe("the e-mail to a contact", () => {
  let server: MailServer;
  beforeEach(async () => {
    server = await startMailServer();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const notifyBy = (over: Partial<EmailOptions> = {}) =>
    emailNotify({
      smtpUrl: new Secret(server.url),
      from: "Currents Relay <relay@acme.example>",
      to: "data@acme.example",
      timeoutMs: 5_000,
      ...over,
    });
  const fault = async (over: Partial<EmailOptions> = {}, signal = inTime()) => {
    const error: unknown = await notifyBy(over)(anOpenedNotice(), signal).catch((cause: unknown) => cause);
    if (!(error instanceof Error)) throw new Error("it was taken");
    expect(`${error.message} ${String(error.cause)} ${error.stack}`).not.toMatch(/acme\.example|p@ss|p%40ss/);
    return error;
  };

  it("is plain text, says what the notice says, and comes from and goes to whom the configuration names", async () => {
    const notice = anOpenedNotice();
    await notifyBy()(notice, inTime());
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: "relay@acme.example", to: ["data@acme.example"] });
    expect(mail?.headers).toMatchObject({
      from: "Currents Relay <relay@acme.example>",
      to: "data@acme.example",
      subject: noticeText(notice).subject,
      "auto-submitted": "auto-generated",
      "content-type": expect.stringContaining("text/plain"),
    });
    expect(mail?.body.trimEnd()).toBe(noticeText(notice).body.trimEnd());
  });

  it("has the notice's id as its own, the same at every try", async () => {
    const notify = notifyBy();
    for (let copies = 0; copies < 2; copies++) await notify(anOpenedNotice(), inTime());
    expect(server.mails.map(({ headers }) => headers["message-id"])).toEqual([
      "<acme-1795442412000-opened@acme.example>",
      "<acme-1795442412000-opened@acme.example>",
    ]);
    expect(server.mails[0]?.headers["references"]).toBeUndefined();
  });

  it("refers to the first notice of its outage", async () => {
    await notifyBy({ from: "relay@acme.example" })(
      anOpenedNotice({ event: "outage.closed", id: "acme-1795442412000-closed" }),
      inTime(),
    );
    expect(server.mails[0]?.headers).toMatchObject({
      "message-id": "<acme-1795442412000-closed@acme.example>",
      references: "<acme-1795442412000-opened@acme.example>",
    });
  });

  it("is refused where the server says no for good, and fails for now where it says later", async () => {
    server.answerTo(() => 550);
    const refused = await fault();
    expect(refused).toBeInstanceOf(NoticeRefused);
    expect(refused.message).toContain("550");
    server.answerTo(() => 451);
    const later = await fault();
    expect(later).not.toBeInstanceOf(NoticeRefused);
    expect(later.message).toContain("451");
    expect(server.mails).toEqual([]);
  });

  it("is refused with a wrong password", async () => {
    const smtpUrl = new Secret(server.url.replace("relay:", "someone:"));
    expect(await fault({ smtpUrl })).toBeInstanceOf(NoticeRefused);
  });

  it("fails for now where there is no server, where it hangs, and when it is given up", async () => {
    server.hang();
    expect((await fault({ timeoutMs: 400 })).message).toContain("ETIMEDOUT");
    expect((await fault({ timeoutMs: 60_000 }, AbortSignal.timeout(100))).message).toContain("EABORT");
    const url = server.url;
    await server[Symbol.asyncDispose]();
    const error = await fault({ smtpUrl: new Secret(url) });
    expect(error).not.toBeInstanceOf(NoticeRefused);
    server = await startMailServer();
  });
});
