import { parseArgs } from "node:util";
import type { Command } from "../command.ts";
import { readAgain, readAgainOptions } from "../read-again-command.ts";

export const backfill: Command = {
  help: `Usage: relay backfill --from T --to T [--workspace W] [--connector C] [--events GLOB] [--dry-run] [--yes] [--json]

Reads what a source still has of a time: from before the connector was set up, say, or what was deleted in Segment. Says first
how much it is, how long it takes, and what the relay and Segment still remember; asks, or needs --yes.
It comes behind all that is new, in every stage, and sends with the part of the rate that is left. Outages hold it as all else.
  --from T, --to T  2026-11-01T10:00Z; without a zone UTC; --to is not in it. By the hour in Braze's paths, of which a part is
                    enough; elsewhere by when the object was written
  --workspace W     may be left out where there is one
  --connector C     may be left out where there is one
  --events GLOB     only of these event types; may be given more than once
  --dry-run         only says what it would do
  --yes             does not ask
  --config FILE     the configuration; left out: relay.yaml in this folder
  --json            {"workspace":...,"connector":...,"run":...,"from":...,"to":...,"isDryRun":...,"isWhole":...,
                    "changedObjects":n,"objects":n,"bytes":n,"readBefore":n,"untyped":n,"events":n,"seconds":n,
                    "rememberedFrom":...,"unprotectedObjects":n}:
                    "events" and "seconds" are judged by a few objects, and null where nobody knows

Runs until all is read, with progress on stderr; needs a running ingest stage. Ctrl-C is the pause: the same command goes on
where it was, and does nothing when all was read. Redis as for \`relay status\`. Exits with 0, 1 when it was not confirmed or when
objects were replaced or deleted before they were read (the same command again reads what is there now, as far as it is still of
that time), 66 when the source cannot be read, 130 when it was interrupted.`,

  run: (args) => {
    const { values } = parseArgs({ args, options: readAgainOptions });
    return readAgain(values, { kind: "backfill" });
  },
};
