import { overlappingTypes } from "../core/selection.ts";
import type { RelayConfig, WorkspaceConfig } from "./schema.ts";
import type { Fault } from "./substitute.ts";

/** The rules that hold between keys, once each key is right by itself. */
export const crossCheck = (config: RelayConfig): Fault[] => [
  ...Object.entries(config.workspaces).flatMap(([name, workspace]) => sharedEventTypes(name, workspace)),
  ...sharedRates(config),
];

/** Two connectors that read the same events would be deduplicated against each other, and events would vanish. */
const sharedEventTypes = (name: string, workspace: WorkspaceConfig): Fault[] => {
  if (workspace.dedup.scope === "connector") return [];
  const connectors = Object.entries(workspace.connectors);
  return connectors.flatMap(([second, { events }], index) =>
    connectors.slice(0, index).flatMap(([first, { events: earlier }]) => {
      const shared = overlappingTypes(earlier, events);
      if (shared.length === 0) return [];
      const [some, more] = [shared.slice(0, 3).join(", "), shared.length > 3 ? ` and ${shared.length - 3} more` : ""];
      return [
        {
          path: `workspaces.${name}.connectors.${second}.events`,
          message:
            `selects event types that the connector "${first}" selects too (${some}${more}). ` +
            `Ids are remembered per workspace, so one connector's events would be dropped as the other's duplicates. ` +
            `Either narrow "events" so that no type is in both, or set workspaces.${name}.dedup.scope: connector ` +
            `(ids are then kept per connector and messageId is salted, so Segment receives both)`,
        },
      ];
    }),
  );
};

/** One Segment workspace has one limit: whoever shares a rate group must agree on it. */
const sharedRates = (config: RelayConfig): Fault[] => {
  const rates = new Map<string, { workspace: string; eventsPerSecond: number }>();
  return Object.entries(config.workspaces).flatMap(([workspace, { segment }]) => {
    const group = segment.rateGroup ?? workspace;
    const first = rates.get(group);
    if (!first) rates.set(group, { workspace, eventsPerSecond: segment.eventsPerSecond });
    if (!first || first.eventsPerSecond === segment.eventsPerSecond) return [];
    return [
      {
        path: `workspaces.${workspace}.segment.eventsPerSecond`,
        message: `the rate group "${group}" is limited to ${first.eventsPerSecond} by workspace "${first.workspace}"; give both the same number`,
      },
    ];
  });
};
