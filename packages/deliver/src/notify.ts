import type { NoticeMessage } from "./core/notice-message.ts";

/**
 * Sends one notice to one place, once: no retry. Resolves when it was taken there. Rejects with {@link NoticeRefused}
 * when the place said no, with another error when it could not be asked; then it may have been taken all the same.
 * No error names an address or a secret: they are logged.
 */
export type Notify = (message: NoticeMessage, signal: AbortSignal) => Promise<void>;

/** Trying again will hardly help before somebody changes something. */
export class NoticeRefused extends Error {
  override readonly name = "NoticeRefused";
}

export const channelKinds = ["webhook", "email"] as const;
export type ChannelKind = (typeof channelKinds)[number];

/** One place that notices go to. */
export interface NoticeChannel {
  kind: ChannelKind;
  /** Tells it apart from the workspace's other channels, also after a restart; says no address. */
  id: string;
  notify: Notify;
}
