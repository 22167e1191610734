import { exportedEventTypes, unexportedEventTypes } from "../contracts/event-types.ts";
import { compileSelection, overlappingTypes } from "../core/selection.ts";
import { didYouMean } from "./did-you-mean.ts";
import type { Fault } from "./fault.ts";
import type { WorkspaceConfig } from "./schema.ts";

type Workspaces = Readonly<Record<string, WorkspaceConfig>>;

/** The rules that hold between keys, once each key is right by itself. */
export const crossCheck = (workspaces: Workspaces): Fault[] => [
  ...Object.entries(workspaces).flatMap(([name, workspace]) => sharedEventTypes(name, workspace)),
  ...sharedRates(workspaces),
  ...missingArchives(workspaces),
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
          path: ["workspaces", name, "connectors", second, "events"],
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

const missingArchives = (workspaces: Workspaces): Fault[] =>
  Object.entries(workspaces)
    .filter(([, { expiry }]) => expiry.then === "archive" && !expiry.archive)
    .map(([name]) => ({
      path: ["workspaces", name, "expiry", "then"],
      message: "archive needs expiry.archive, a folder or an s3 bucket: where the held events are to be written",
    }));

/** One Segment workspace has one limit: whoever shares a rate group must agree on it. */
const sharedRates = (workspaces: Workspaces): Fault[] => {
  const rates = new Map<string, { workspace: string; eventsPerSecond: number }>();
  return Object.entries(workspaces).flatMap(([workspace, { segment }]) => {
    const group = segment.rateGroup ?? workspace;
    const first = rates.get(group);
    if (!first) rates.set(group, { workspace, eventsPerSecond: segment.eventsPerSecond });
    if (!first || first.eventsPerSecond === segment.eventsPerSecond) return [];
    return [
      {
        path: ["workspaces", workspace, "segment", "eventsPerSecond"],
        message: `the rate group "${group}" is limited to ${first.eventsPerSecond} by workspace "${first.workspace}"; give both the same number`,
      },
    ];
  });
};

const knownTypes = [...exportedEventTypes, ...unexportedEventTypes];

/** What is allowed and most likely a mistake: Braze may write a type tomorrow that nobody knows today. */
export const doubtsAbout = (workspaces: Workspaces): Fault[] =>
  Object.entries(workspaces).flatMap(([workspace, { connectors }]) =>
    Object.entries(connectors).flatMap(([connector, { events = [], eventNames }]) => {
      const path = ["workspaces", workspace, "connectors", connector];
      const unknown = events
        .map((glob, index) => ({ written: glob, path: [...path, "events", index] }))
        .filter(({ written }) => !knownTypes.some(compileSelection([written.replace(/^!/, "")])));
      const renamed = Object.keys(eventNames)
        .map((type) => ({ written: type, path: [...path, "eventNames", type] }))
        .filter(({ written }) => !knownTypes.includes(written));
      return [...unknown, ...renamed].map(({ written, path: at }) => {
        const meant = didYouMean(written, knownTypes);
        const advice = meant ? `; did you mean ${meant}?` : "";
        return { path: at, message: `${written} is none of the event types known today${advice}` };
      });
    }),
  );
