import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { suspectPorts } from "@currents-relay/deliver/adapters/suspect-ports.ts";
import { resendSuspects, type Resent } from "@currents-relay/deliver/resend-suspects.ts";
import { readWorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import type { Command } from "../command.ts";
import { inDlqRoom } from "../dlq-room.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { counted, print } from "../output.ts";
import { readAgain, readAgainOptions } from "../read-again-command.ts";

export const resend: Command = {
  help: `Usage: relay resend --suspect [--workspace W] [--new-message-ids] [--dry-run] [--json]
       relay resend --from T --to T [--workspace W] [--connector C] [--events GLOB] [--new-message-ids]
                    [--dry-run] [--yes] [--json]

--suspect sends again what Segment answered 200 to right before its write key was found to be unknown: it answers so to unknown keys
too, and throws the events away. The relay keeps what was accepted until the key is verified once more, so exactly these
events go out again, as dead letters before all others, as the credentials and the rate allow.
  --workspace W      may be left out where there is one
  --new-message-ids  gives the events new messageIds. Without it Segment drops those that it did store (it remembers a
                     messageId for 24 h), which is mostly what you want; use it where it drops what it did not store
  --dry-run          says what would be sent, and does nothing
  --config FILE      the configuration; left out: relay.yaml in this folder
  --json             {"workspace":...,"isDryRun":...,"batches":n,"events":n,"unkept":n,"from":...,"to":...}: when Segment
                     accepted them; "unkept" events were not kept, because there was no room

--from and --to send again all that the source still has of a time, whatever the relay remembers of it: for a source that was
emptied in Segment, or a write key that belonged to another one. Says first how much it is, and asks, or needs --yes. Reads,
waits, pauses and goes on like \`relay backfill\`, whose help has the options and the JSON.

May be stopped and repeated: nothing goes out twice. Redis as for \`relay status\`. With --suspect it exits
with 0, and 1 where some are unkept.`,

  run: async (args) => {
    const { values } = parseArgs({
      args,
      options: { ...readAgainOptions, suspect: { type: "boolean" }, "new-message-ids": { type: "boolean" } },
    });
    const isOfTime = values.from !== undefined || values.to !== undefined;
    if (isOfTime && !values.suspect)
      return readAgain(values, { kind: "resend", newMessageIds: values["new-message-ids"] ?? false });
    if (!values.suspect || isOfTime)
      throw new CommandError(exitCodes.usage, "say what: either --suspect, or --from and --to");
    if (values.connector !== undefined || values.events !== undefined)
      throw new CommandError(
        exitCodes.usage,
        "--suspect takes no --connector and no --events: it sends all that is suspect",
      );
    const isDryRun = values["dry-run"] ?? false;
    return inDlqRoom(values, async ({ redis, workspace, spool, queues }) => {
      const ports = suspectPorts(redis, workspace, { tools: { spool, queues } });
      const salt = values["new-message-ids"] ? randomUUID() : undefined;
      const { unkept } = (await readWorkspaceStatus(redis, workspace)).suspect;
      const resent = await resendSuspects(ports)({ isDryRun, salt });
      const { batches, events, acceptedMs } = resent;
      const [from = null, to = null] = acceptedMs ? [acceptedMs.first, acceptedMs.last].map(iso) : [];
      if (values.json) print(JSON.stringify({ workspace, isDryRun, batches, events, unkept, from, to }));
      else print(forPeople(workspace, resent, { isDryRun, unkept }));
      return unkept > 0 ? exitCodes.failed : exitCodes.ok;
    });
  },
};

const iso = (ms: number): string => new Date(ms).toISOString();

const forPeople = (
  workspace: string,
  { events, acceptedMs }: Resent,
  { isDryRun, unkept }: { isDryRun: boolean; unkept: number },
): string => {
  const lost = unkept === 0 ? [] : [`${counted(unkept, "event")} more could not be kept and cannot be sent from here.`];
  if (!acceptedMs) return [`${workspace}: no event is suspect.`, ...lost].join("\n");
  const when = `which Segment accepted from ${iso(acceptedMs.first)} to ${iso(acceptedMs.last)}`;
  const what = isDryRun ? "would be sent again" : "go out again, before all that is held";
  return [`${workspace}: ${counted(events, "event")}, ${when}, ${what}.`, ...lost].join("\n");
};
