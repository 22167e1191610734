import { parseArgs } from "node:util";
import { redisOutages } from "@currents-relay/deliver/adapters/redis-outage.ts";
import { holdReasonOf } from "@currents-relay/deliver/core/outage-state.ts";
import { readWorkspaceStatus } from "@currents-relay/shared/stage/status.ts";
import type { Command } from "../command.ts";
import { inDlqRoom } from "../dlq-room.ts";
import { whatHappens } from "../dlq-when.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted, print } from "../output.ts";

const operatorCommand = (name: string, kind: "operatorHold" | "operatorResume", does: string): Command => ({
  help: `Usage: relay ${name} [--workspace W] [--config FILE] [--json]

${does}
  --workspace W  may be left out where there is one
  --config FILE  the configuration; left out: relay.yaml in this folder
  --json         the state as JSON: {"workspace":...,"state":...,"reason":...,"held":...}

Redis as for \`relay status\`. Exits with 0; doing it twice is as good as once.`,

  run: async (args) => {
    const options = { workspace: { type: "string" }, config: { type: "string" }, json: { type: "boolean" } } as const;
    const { values } = parseArgs({ args, options });
    return inDlqRoom(values, async ({ redis, workspace }) => {
      const { state } = await redisOutages(redis, workspace).report({ kind, atMs: Date.now() });
      const { held } = (await readWorkspaceStatus(redis, workspace)).waiting;
      const told = { workspace, state: state.kind, reason: holdReasonOf(state), held };
      print(values.json ? JSON.stringify(told) : `${workspace}: ${counted(held, "event")} held. ${whatHappens(state)}`);
      return exitCodes.ok;
    });
  },
});

export const hold = operatorCommand(
  "hold",
  "operatorHold",
  `Holds a workspace for a planned pause: within a second or two nothing more is sent to Segment, and its batches wait as
dead letters, in order and without a limit of attempts, until \`relay resume\`. The expiry runs.`,
);

export const resume = operatorCommand(
  "resume",
  "operatorResume",
  `Ends a pause that \`relay hold\` began: what is held goes out, oldest first. Where the credentials are bad too, the
workspace stays held until they are good.`,
);
