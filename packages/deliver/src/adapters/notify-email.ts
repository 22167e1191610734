import type { Secret } from "@currents-relay/shared/config/secret.ts";
import { noticeText } from "../core/notice-text.ts";
import { NoticeRefused, type Notify } from "../notify.ts";

export interface EmailOptions {
  /** `smtp://user:password@host:587` (STARTTLS where the server has it), `smtps://...:465` (TLS from the start). */
  smtpUrl: Secret;
  /** An address, or "Name <address>". */
  from: string;
  /** One address. */
  to: string;
  timeoutMs: number;
}

/** What comes after the last "@" of an address, with or without a name. */
const domainOf = (address: string): string => /@([^@>\s]+)>?\s*$/.exec(address)?.[1] ?? "currents-relay.invalid";

const textOf = (error: object, field: "code" | "responseCode" | "command"): string | undefined => {
  const value: unknown = field in error ? (error as Record<string, unknown>)[field] : undefined; // looked at below
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
};

/** Without the cause: what a mail server says names addresses, and errors are logged. */
const speakable = (error: unknown): Error => {
  if (typeof error !== "object" || error === null) return new Error("the mail could not be sent");
  const [code, answer, command] = [textOf(error, "code"), textOf(error, "responseCode"), textOf(error, "command")];
  if (answer === undefined) return new Error(`the mail server could not be used (${code ?? "UNKNOWN"})`);
  const said = `the mail server answered ${answer} to ${command ?? "the mail"}`;
  const isPermanent = "permanent" in error && error.permanent === true; // 5xx but 503 (RFC 5321, 4.2.1)
  return isPermanent ? new NoticeRefused(`${said}; see notify.email and the connectors' contacts`) : new Error(said);
};

/**
 * Mails notices to one contact as plain text, over a connection of its own. `Message-ID` is the notice's, whoever gets
 * a copy and however often; the notices of one outage refer to the first, so that mail programs show them together.
 * Settings in the URL's query (`?requireTLS=true`) go to nodemailer.
 */
export const emailNotify = ({ smtpUrl, from, to, timeoutMs }: EmailOptions): Notify => {
  // Loaded with the first mail: most processes never send one.
  const connect = async () => {
    const { createTransport } = await import("nodemailer");
    return createTransport({
      url: smtpUrl.reveal(),
      dnsTimeout: timeoutMs,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  };
  let connected: ReturnType<typeof connect> | undefined;
  const domain = domainOf(from);

  return async (message, signal) => {
    const { subject, body } = noticeText(message);
    const isFirst = message.event === "outage.opened";
    try {
      const transporter = await (connected ??= connect());
      await transporter.sendMail({
        from,
        to,
        subject,
        text: body,
        messageId: `<${message.id}@${domain}>`,
        ...(isFirst ? {} : { references: `<${message.outageId}-opened@${domain}>` }),
        headers: { "Auto-Submitted": "auto-generated" }, // keeps out-of-office answers away (RFC 3834)
        signal,
      });
    } catch (error) {
      throw speakable(error);
    }
  };
};
