import { redisOutages } from "@currents-relay/deliver/adapters/redis-outage.ts";
import { holdReasonOf, type OutageState } from "@currents-relay/deliver/core/outage-state.ts";
import { holdReasons } from "@currents-relay/shared/contracts/reasons.ts";
import type { DlqOptions } from "./dlq-options.ts";
import type { DlqRoom } from "./dlq-room.ts";
import { addEntry, eachSelected, sumText } from "./dlq-select.ts";
import { exitCodes } from "./exit-codes.ts";
import { print } from "./output.ts";

/** Dead letters replay by themselves: says when. */
export const whenDeadLettersReplay = async (room: DlqRoom, options: DlqOptions): Promise<number> => {
  const sum = { entries: 0, events: 0 };
  await eachSelected(room.desk("deadletter"), options, async (entries) => {
    for (const entry of entries) addEntry(sum, entry);
    return new Set();
  });
  const state = await redisOutages(room.redis, room.workspace).read();
  if (options.isJson)
    print(JSON.stringify({ workspace: room.workspace, queue: "deadletter", ...sum, state: state.kind }));
  else print(`Dead letters: ${sumText(sum, "deadletter")}. ${whatHappens(state)}`);
  return exitCodes.ok;
};

/** When what is held goes out, in a sentence or two. */
export const whatHappens = (state: OutageState): string => {
  const reason = holdReasonOf(state);
  const why = reason ? ` (${holdReasons[reason]})` : "";
  switch (state.kind) {
    case "unverified":
      return "The write key is not verified yet; what is held goes out as soon as it is, oldest first.";
    case "holding":
      return state.operator
        ? `The workspace is held${why}; the replay starts with \`relay resume\`.`
        : `The workspace is held${why}; the replay starts by itself, oldest first, once the credentials are good.`;
    case "replaying":
      return `The replay is under way, oldest first${why && `; one batch is tried at a time${why}`}.`;
    case "flowing":
      return "The workspace delivers; what is held goes out at once.";
  }
};
