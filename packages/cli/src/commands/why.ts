import { parseArgs } from "node:util";
import type { Command } from "../command.ts";
import { inDlqRoom } from "../dlq-room.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { print } from "../output.ts";
import { whereaboutsOf, whyText } from "../why-text.ts";
import { traceOf } from "../why-trace.ts";

export const why: Command = {
  help: `Usage: relay why EVENT_ID [--workspace W] [--config FILE] [--json]

Says where one event is, by Braze's id of it: the file that it came from, when it was taken, and what became of its batch:
delivered, waiting, held, or in quarantine, and why. Changes nothing, and shows nothing of what the event holds.
Redis remembers an id for dedup.window, and finished work for a day; within that time the answer is whole.
  --workspace W  may be left out where there is one
  --config FILE  the configuration; left out: relay.yaml in this folder
  --json         {"workspace":...,"eventId":...,"whereabouts":"delivered|waiting|held|quarantined|ended|taken|unknown",
                 "takenAtMs":...,"connector":...,"uri":...,"landedAtMs":...,"batches":[...],"quarantined":{...},
                 "again":[{"run":...,"takenAtMs":...,...,"batches":[...]}]}, the latter by relay resend

Redis as for \`relay status\`.
Exits with 0, and 1 where there is no trace of the event.`,

  run: async (args) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { workspace: { type: "string" }, config: { type: "string" }, json: { type: "boolean" } },
    });
    const [eventId, more] = positionals;
    if (eventId === undefined || more !== undefined)
      throw new CommandError(exitCodes.usage, "name one event, by the id that Braze gave it");
    return inDlqRoom(values, async (room) => {
      const trace = await traceOf(room, eventId);
      const whereabouts = whereaboutsOf(trace);
      if (values.json) print(JSON.stringify({ workspace: room.workspace, whereabouts, ...trace }));
      else print(whyText(trace, room.workspace));
      return whereabouts === "unknown" ? exitCodes.failed : exitCodes.ok;
    });
  },
};
