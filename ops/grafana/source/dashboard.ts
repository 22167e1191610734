import { type Panel, placed } from "./panel.ts";

export interface Dashboard {
  uid: string;
  title: string;
  /** What question it answers. */
  description: string;
  /** Shows a choice of workspaces above the panels. */
  hasWorkspace?: boolean;
  panels: Panel[];
}

const workspaceVariable = {
  name: "workspace",
  label: "Workspace",
  type: "query",
  datasource: { type: "prometheus", uid: "prometheus" },
  query: { query: "label_values(relay_lag_seconds, workspace)", refId: "workspace" },
  definition: "label_values(relay_lag_seconds, workspace)",
  refresh: 2,
  sort: 1,
  multi: false,
  includeAll: false,
};

/** The dashboard as Grafana's JSON. */
export const dashboardJson = ({ uid, title, description, hasWorkspace, panels }: Dashboard): object => ({
  uid,
  title,
  description,
  tags: ["currents-relay"],
  schemaVersion: 39,
  version: 1,
  editable: false,
  graphTooltip: 1,
  refresh: "10s",
  time: { from: "now-1h", to: "now" },
  timezone: "",
  links: [
    {
      type: "dashboards",
      title: "Relay",
      tags: ["currents-relay"],
      asDropdown: false,
      includeVars: false,
      keepTime: true,
    },
  ],
  templating: { list: hasWorkspace ? [workspaceVariable] : [] },
  annotations: { list: [] },
  panels: placed(panels),
});
