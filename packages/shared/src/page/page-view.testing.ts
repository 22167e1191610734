import type { PageView } from "./page-view.ts";

const stage = { rate: 1, waiting: 2 };

/** Of a relay without workspaces, at that time (UNIX ms). */
export const aPageView = (atMs: number): PageView => ({
  atMs,
  stages: { ingest: stage, transform: stage, deliver: stage },
  delivered: 3,
  held: 4,
  quarantined: 0,
  workspaces: [],
  unreadable: [],
  quarantine: [],
  redis: { memoryBytes: 1, limitBytes: 0 },
});
