import type { RelayConfig, WorkspaceConfig } from "@currents-relay/shared/config/schema.ts";
import type { StageContext } from "@currents-relay/shared/stage/stage.ts";
import { readWorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import type { DeadLetters } from "../dead-letters.ts";
import { type Notifier, notifier } from "./notifier.ts";
import { noticeChannels } from "./notifier-channels.ts";
import { redisNoticeLedger } from "./notifier-ledger.ts";
import type { OutageWatch } from "./redis-outage-watch.ts";

interface NoticesOptions {
  name: string;
  workspace: WorkspaceConfig;
  notify: RelayConfig["notify"];
  outage: OutageWatch;
  deadLetters: Pick<DeadLetters, "oldestHeldMs">;
}

/** Tells the workspace's contacts of its outages, on the channels that are configured. */
export const workspaceNotices = (
  { redis, log, metrics }: StageContext,
  { name, workspace, notify, outage, deadLetters }: NoticesOptions,
): Notifier => {
  const connectors = Object.entries(workspace.connectors).map(([connector, { contact }]) => ({
    name: connector,
    contact,
  }));
  return notifier({
    workspace: name,
    connectors,
    expiry: workspace.expiry,
    outage,
    channels: noticeChannels(notify, connectors),
    ledger: redisNoticeLedger(redis, name),
    held: async () => {
      const { waiting, suspect } = await readWorkspaceStatus(redis, name);
      return {
        events: waiting.held,
        oldestHeldMs: await deadLetters.oldestHeldMs(),
        suspectEvents: suspect.events,
      };
    },
    log,
    count: (channel, outcome) => metrics.notices.inc({ workspace: name, channel, outcome }),
    now: Date.now,
    random: Math.random,
  });
};
