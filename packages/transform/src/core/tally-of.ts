import type { Tally } from "@currents-relay/shared/contracts/tally.ts";
import { addTallies } from "@currents-relay/shared/contracts/tally.ts";
import type { MappedChunk } from "./map-chunk.ts";

/** What became of the chunk's events: in = ok + dropped + quarantined. `claimed` of the mapped calls were ours. */
export const tallyOf = (mapped: MappedChunk, claimed: number): Tally => {
  const duplicates = mapped.calls.length - claimed;
  const drops = Object.entries(mapped.dropped).map(([reason, count]) => ({ [`dropped:${reason}`]: count, in: count }));
  const quarantined = mapped.quarantined.map(({ reason }) => ({ [`quarantined:${reason}`]: 1, in: 1 }));
  return [
    {
      in: mapped.calls.length,
      ...(claimed > 0 && { ok: claimed }),
      ...(duplicates > 0 && { "dropped:duplicate": duplicates }),
    },
    ...drops,
    ...quarantined,
  ].reduce<Tally>(addTallies, {});
};
