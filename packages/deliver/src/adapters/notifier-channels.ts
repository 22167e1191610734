import { createHash } from "node:crypto";
import type { Secret } from "@currents-relay/shared/config/secret.ts";
import type { NoticeConnector } from "../core/notice-message.ts";
import type { NoticeChannel } from "../notify.ts";
import { emailNotify } from "./notify-email.ts";
import { webhookNotify } from "./notify-webhook.ts";

/** Where notices go: the part `notify` of the configuration. */
export interface NoticePlaces {
  webhook?: { url: Secret; secret: Secret } | undefined;
  email?: { smtpUrl: Secret; from: string } | undefined;
}

const timeoutMs = 10_000;

/** Tells contacts apart without their addresses being stored or logged. */
const contactId = (address: string) => createHash("sha256").update(address.toLowerCase()).digest("hex").slice(0, 12);

/** The first spelling of each; letter case does not tell people apart. */
const distinct = (addresses: readonly string[]): string[] => {
  const first = new Map(addresses.toReversed().map((address) => [contactId(address), address]));
  return [...first.values()].toReversed();
};

/**
 * The channels of one workspace: the webhook, and a mail to each contact of its connectors. A contact is a channel of
 * its own, so that one whose server refuses does not make the others get the notice again.
 */
export const noticeChannels = (places: NoticePlaces, connectors: readonly NoticeConnector[]): NoticeChannel[] => {
  const { webhook, email } = places;
  const contacts = distinct(connectors.flatMap(({ contact }) => (contact === undefined ? [] : [contact])));
  const mails = email ? contacts.map((to) => ({ to, email })) : [];
  return [
    ...(webhook
      ? [{ kind: "webhook" as const, id: "webhook", notify: webhookNotify({ ...webhook, timeoutMs, now: Date.now }) }]
      : []),
    ...mails.map(({ to, email: { smtpUrl, from } }) => ({
      kind: "email" as const,
      id: `email:${contactId(to)}`,
      notify: emailNotify({ smtpUrl, from, to, timeoutMs }),
    })),
  ];
};
