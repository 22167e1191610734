import type { FileId } from "@currents-relay/shared/core/ids.ts";
import type { Mark, Sweep } from "../core/marks.ts";
import type { ListingLedger } from "../adapters/redis-ledger.ts";

export interface MemoryLedger extends ListingLedger {
  /** How many objects it remembers one by one. */
  size: () => number;
}

/** A ledger in memory, under the contract of the one in Redis. */
export const memoryLedger = (): MemoryLedger => {
  const scopes = new Map<string, Mark>();
  const open = new Map<FileId, { scope: string; atMs: number }>();
  const taken = new Map<FileId, { scope: string; atMs: number }>();
  let sweep: Sweep | undefined;
  let isNew = true;
  const forgetBefore = (scope: string, beforeMs: number) => {
    for (const [id, one] of taken) if (one.scope === scope && one.atMs < beforeMs) taken.delete(id);
  };
  return {
    open: async () => {
      const answer = { birth: "memory", isNew, marks: { scopes: new Map(scopes), sweep } };
      isNew = false;
      return answer;
    },
    take: async (scope, files) => {
      const answer: { unseen: FileId[]; open: FileId[] } = { unseen: [], open: [] };
      for (const { id, atMs } of files) {
        const known = taken.get(id);
        if (known) known.atMs = Math.max(known.atMs, atMs);
        if (known || atMs < (scopes.get(scope)?.takenBeforeMs ?? 0)) continue;
        answer[open.has(id) ? "open" : "unseen"].push(id);
        open.set(id, { scope, atMs });
      }
      return answer;
    },
    advance: async (scope, { reachedMs, takenBeforeMs }) => {
      const mark = later({ reachedMs, takenBeforeMs }, scopes.get(scope));
      scopes.set(scope, mark);
      forgetBefore(scope, mark.takenBeforeMs);
    },
    sweepTo: async (from, to) => {
      const isOurs = sweep ? sweep.startedMs === from.startedMs && sweep.cursor === from.cursor : from.cursor === "";
      if (isOurs) sweep = to === "" ? undefined : { ...from, cursor: to };
      return isOurs;
    },
    openFiles: async () => open.size,
    forget: async (scope, unseenSinceMs) => forgetBefore(scope, unseenSinceMs),
    finish: async (file) => {
      const found = open.get(file);
      if (found) taken.set(file, found);
      open.delete(file);
    },
    release: async (file) => void open.delete(file),
    size: () => taken.size + open.size,
  };
};

const later = (mark: Mark, known: Mark = mark): Mark => ({
  reachedMs: Math.max(mark.reachedMs, known.reachedMs),
  takenBeforeMs: Math.max(mark.takenBeforeMs, known.takenBeforeMs),
});
