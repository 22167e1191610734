import type { Logger } from "@currents-relay/shared/runtime/logger.ts";
import { type NoticeContext, type NoticeMessage, noticeMessage } from "../core/notice-message.ts";
import { afterNoticeFailure } from "../core/notice-retry.ts";
import type { Notice } from "../core/outage-state.ts";
import { type ChannelKind, type NoticeChannel, NoticeRefused } from "../notify.ts";
import type { NoticeLedger } from "./notifier-ledger.ts";
import type { OutageWatch } from "./redis-outage-watch.ts";

/** What became of one try ("given-up": it failed or was refused, and was the last one); a closed list, for a metric. */
export const noticeOutcomes = ["sent", "failed", "refused", "given-up"] as const;
export type NoticeOutcome = (typeof noticeOutcomes)[number];

export interface NoticeSenderOptions extends Pick<NoticeContext, "workspace" | "connectors" | "expiry"> {
  outage: Pick<OutageWatch, "state" | "report">;
  channels: readonly NoticeChannel[];
  ledger: NoticeLedger;
  /** How many events are held, and since when (UNIX ms) the oldest. */
  held: () => Promise<NoticeContext["held"]>;
  log: Logger;
  /** Called for every try, for the metrics. */
  count: (kind: ChannelKind, outcome: NoticeOutcome) => void;
  /** UNIX ms. */
  now: () => number;
  /** From 0 (inclusive) to 1 (exclusive). */
  random: () => number;
}

/** The longest that one channel may take. */
const sendWithinMs = 20_000;
/** Renewed before every channel. A pod that stands still for longer may send what another has sent in the meantime. */
const leaseMs = sendWithinMs + 10_000;

interface Attempt {
  message: NoticeMessage;
  channel: NoticeChannel;
}

/** Sends to one channel; resolves with when to try again (ms), or with nothing when that is not needed. */
const trying =
  ({ ledger, log, count, random }: NoticeSenderOptions, signal: AbortSignal) =>
  async (notice: Notice, { message, channel }: Attempt): Promise<number | undefined> => {
    const about = { notice: message.id, channel: channel.id };
    try {
      await channel.notify(message, AbortSignal.any([signal, AbortSignal.timeout(sendWithinMs)]));
    } catch (error) {
      signal.throwIfAborted(); // not the channel's fault
      const isRefusal = error instanceof NoticeRefused;
      const failures = await ledger.countFailure(notice.id, channel.id, isRefusal);
      const next = afterNoticeFailure(failures, random());
      if (next.kind === "again") {
        count(channel.kind, isRefusal ? "refused" : "failed");
        log.warn({ ...about, ...failures, afterMs: next.afterMs, err: error }, "notice.unsent");
        return next.afterMs;
      }
      count(channel.kind, "given-up");
      log.error({ ...about, ...failures, err: error }, "notice.given-up: nobody was told on this channel");
      await ledger.markDone(notice.id, channel.id);
      return undefined;
    }
    // A kill here, when it is sent and not yet noted, is the one window for a repeat; it carries the same ids.
    await ledger.markDone(notice.id, channel.id);
    count(channel.kind, "sent");
    log.info({ ...about, event: message.event }, "notice.sent");
    return undefined;
  };

/**
 * Sends one notice on every channel that does not have it yet, unless another pod does or it is not time for the next
 * try; reports it as told when no channel is left. Rejects when Redis does not answer or the signal aborts: whoever
 * comes next, here or elsewhere, goes on from there.
 */
export const noticeSender = (options: NoticeSenderOptions) => {
  const { outage, channels, ledger, now } = options;
  const log = options.log.child({ workspace: options.workspace });

  const messageOf = async (notice: Notice) =>
    noticeMessage(notice, { ...options, state: outage.state(), held: await options.held(), nowMs: now() });

  return async (notice: Notice, signal: AbortSignal): Promise<void> => {
    if (!(await ledger.take(notice.id, leaseMs))) return;
    if (channels.length === 0)
      log.warn({ notice: notice.id }, "notice.nobody: neither notify.webhook nor an e-mail contact is configured");
    const send = trying({ ...options, log }, signal);
    // Asked for after the lease was taken: what the pod before us has sent is in there, though our state may be old.
    const done = await ledger.done(notice.id);
    const waits: number[] = [];
    for (const channel of channels.filter(({ id }) => !done.has(id))) {
      signal.throwIfAborted();
      await ledger.keep(notice.id, leaseMs);
      const afterMs = await send(notice, { message: await messageOf(notice), channel });
      if (afterMs !== undefined) waits.push(afterMs);
    }
    if (waits.length > 0) await ledger.keep(notice.id, Math.min(...waits));
    else await outage.report({ kind: "told", id: notice.id, atMs: now() });
  };
};
