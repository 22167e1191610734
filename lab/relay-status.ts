import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunSummary, WorkspaceStatus } from "@currents-relay/shared/stage/status.ts";

const run = promisify(execFile);
const relay = join(import.meta.dirname, "../packages/cli/src/main.ts");

/** One workspace in `relay status --json`. */
export type WorkspaceReport = Pick<WorkspaceStatus, "workspace"> &
  RunSummary & { conservation: { holds: boolean; differences: string[] } };

/** What the command `relay status --json` says of every workspace. */
export const relayStatus = async (config: string): Promise<WorkspaceReport[]> => {
  const { stdout } = await run(process.execPath, [relay, "status", "--config", config, "--json"]);
  // The command's own contract; a test of it is in packages/cli.
  return (JSON.parse(stdout) as { workspaces: WorkspaceReport[] }).workspaces;
};
