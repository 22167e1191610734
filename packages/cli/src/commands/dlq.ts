import type { Command } from "../command.ts";
import { archive, drop } from "../dlq-end.ts";
import { list } from "../dlq-list.ts";
import { type DlqAction, type DlqOptions, dlqOptions } from "../dlq-options.ts";
import { replay } from "../dlq-replay.ts";
import { type DlqRoom, inDlqRoom } from "../dlq-room.ts";
import { show } from "../dlq-show.ts";

const actions: Readonly<Record<DlqAction, (room: DlqRoom, options: DlqOptions) => Promise<number>>> = {
  list,
  show,
  replay,
  archive,
  drop,
};

export const dlq: Command = {
  help: `Usage: relay dlq list     [--workspace W] [--queue Q] [selection] [--each] [--json]
       relay dlq show ID  [--workspace W] [--limit N] [--raw] [--json]
       relay dlq replay   [ID] [--workspace W] [selection] [--dry-run] [--json]
       relay dlq replay   --from-archive DIR|FILE [--workspace W] [--dry-run] [--json]
       relay dlq archive  ID | --queue Q [--to-folder DIR] [--workspace W] [selection] [--dry-run] [--json]
       relay dlq drop     ID | --queue Q [--workspace W] [selection] [--dry-run] [--yes] [--json]

What waits for somebody to act: dead letters (batches that an outage holds) and quarantine (what no retry can deliver).
Workers may run meanwhile. Every command may be stopped and repeated: nothing is sent, counted or archived twice.
  list     what there is, by queue, reason and connector; --each: one line an entry, with its id
  show     one entry and its first events, without what tells of a person; --raw shows that too
  replay   quarantine: maps the events by the present configuration; what maps now goes out, the rest stays. A call
           that Segment refused goes out again as it is. (Dead letters replay by themselves; this says when.)
           --from-archive: puts archived entries back where they came from
  archive  writes entries below DIR (compressed NDJSON) and ends them; DIR left out: expiry.archive.folder
  drop     ends entries for good; asks first, or needs --yes

  --workspace W   may be left out where there is one
  --queue Q       deadletter or quarantine
  --config FILE   the configuration; left out: relay.yaml in this folder
  --dry-run       says what would happen, and does nothing
Selection: --connector C  --reason R  --event-type T  --from T  --to T (since when it is there: 2026-11-23T10:00Z)
           --limit N (the N oldest entries); not beside an ID

Redis as for \`relay status\`. Exits with 0 when all that was selected is done, 1 when some of it cannot be replayed (or
drop was not confirmed), 75 when some of it was in a worker's hands (try again), 64, 66, 69 and 78 as everywhere.`,

  run: async (args) => {
    const options = dlqOptions(args);
    return inDlqRoom(options, (room) => actions[options.action](room, options));
  },
};
