import type { NoticeMessage } from "../core/notice-message.ts";

/** A notice that an outage opened, for tests. */
export const anOpenedNotice = (over: Partial<NoticeMessage> = {}): NoticeMessage =>
  // The union's two parts differ in `percent` alone, which tests give together with its event.
  ({
    event: "outage.opened",
    id: "acme-1795442412000-opened",
    outageId: "acme-1795442412000",
    workspace: "acme",
    connectors: [
      { name: "engagement", contact: "data@acme.example" },
      { name: "sms", contact: undefined },
    ],
    reason: "unknown-write-key",
    openedAtMs: 1_795_442_412_000,
    atMs: 1_795_442_412_000,
    asOfMs: 1_795_442_413_000,
    phase: "holding",
    heldEvents: 12,
    expiresAtMs: 1_795_615_212_000,
    expiryAfterMs: 172_800_000,
    expiryThen: "keep",
    suspect: { fromMs: 1_795_442_352_000, toMs: 1_795_442_412_000, events: 900 },
    ...over,
  }) as NoticeMessage;
