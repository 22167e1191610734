/** One query of a panel. */
export interface Query {
  /** PromQL. `$workspace` and `$__rate_interval` are Grafana's. */
  expr: string;
  /** How a series is called: `{{label}}` takes a label; left out: the panel's only series. */
  legend?: string;
  /** The latest value only. Tables and stats ask so. */
  isInstant?: boolean;
}

export interface Threshold {
  /** From this value on; the first one is from the lowest on. */
  from: number | null;
  color: "green" | "yellow" | "orange" | "red" | "blue" | "text";
}

interface Common {
  title: string;
  /** What it tells, and what is good: shown at the panel's "i". */
  description: string;
  /** Of 24 columns. */
  width: number;
  /** In rows of 30 px. */
  height: number;
}

export type Panel = Common &
  (
    | { kind: "row" }
    | { kind: "text"; markdown: string }
    | {
        kind: "stat" | "bars" | "lines" | "stack" | "states";
        queries: Query[];
        /** Grafana's id of a unit: s, short, percentunit, bytes, eps, dtdurations. */
        unit: string;
        thresholds?: Threshold[];
        max?: number;
        /** Words for values. */
        words?: Record<string, { text: string; color: Threshold["color"] }>;
      }
    | { kind: "table"; queries: Query[]; columns: Column[] }
  );

/** A column of a table whose queries are joined by `by`. */
export interface Column {
  /** The field: a label, or `Value #A` for the first query, `Value #B` for the second. */
  field: string;
  title: string;
  unit?: string;
  thresholds?: Threshold[];
}

const datasource = { type: "prometheus", uid: "prometheus" };
const green: Threshold[] = [{ from: null, color: "green" }];

const stepsOf = (thresholds: Threshold[]) => ({
  mode: "absolute",
  steps: thresholds.map(({ from, color }) => ({ value: from, color })),
});

const targetsOf = (queries: readonly Query[], format: "time_series" | "table") =>
  queries.map(({ expr, legend, isInstant = format === "table" }, index) => ({
    refId: String.fromCodePoint("A".charCodeAt(0) + index),
    datasource,
    expr: expr.replaceAll(/\s+/g, " ").trim(),
    format,
    instant: isInstant,
    range: !isInstant,
    legendFormat: legend ?? "__auto",
  }));

const grafanaType = {
  row: "row",
  text: "text",
  stat: "stat",
  bars: "bargauge",
  lines: "timeseries",
  stack: "timeseries",
  states: "state-timeline",
  table: "table",
} as const satisfies Record<Panel["kind"], string>;

/** What a panel is beside its place. */
const bodyOf = (panel: Panel): object => {
  switch (panel.kind) {
    case "row":
      return { collapsed: false, panels: [] };
    case "text":
      return { options: { mode: "markdown", content: panel.markdown } };
    case "table":
      return tableOf(panel);
    case "stat":
    case "bars":
    case "lines":
    case "stack":
    case "states":
      return chartOf(panel);
  }
};

const tableOf = ({ queries, columns }: Extract<Panel, { kind: "table" }>): object => ({
  datasource,
  targets: targetsOf(queries, "table"),
  transformations: [
    { id: "merge", options: {} },
    {
      id: "organize",
      options: {
        indexByName: Object.fromEntries(columns.map(({ field }, index) => [field, index])),
        renameByName: Object.fromEntries(columns.map(({ field, title }) => [field, title])),
        includeByName: Object.fromEntries(columns.map(({ field }) => [field, true])),
      },
    },
  ],
  fieldConfig: {
    defaults: {},
    overrides: columns
      .filter(({ unit, thresholds }) => unit !== undefined || thresholds !== undefined)
      .map(({ title, unit, thresholds }) => ({
        matcher: { id: "byName", options: title },
        properties: [
          ...(unit === undefined ? [] : [{ id: "unit", value: unit }]),
          ...(thresholds === undefined
            ? []
            : [
                { id: "thresholds", value: stepsOf(thresholds) },
                { id: "custom.cellOptions", value: { type: "color-background", mode: "basic" } },
              ]),
        ],
      })),
  },
  options: { showHeader: true, cellHeight: "sm" },
});

const optionsOf: Record<"stat" | "bars" | "lines" | "stack" | "states", object> = {
  stat: {
    colorMode: "background",
    graphMode: "none",
    textMode: "value_and_name",
    reduceOptions: { calcs: ["lastNotNull"] },
  },
  bars: { displayMode: "basic", orientation: "horizontal", reduceOptions: { calcs: ["lastNotNull"] } },
  lines: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  stack: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
  states: { showValue: "never", legend: { displayMode: "list", placement: "bottom" }, mergeValues: true },
};

const chartOf = (panel: Extract<Panel, { queries: Query[]; unit: string }>): object => ({
  datasource,
  targets: targetsOf(
    panel.queries.map((query) => ({ isInstant: panel.kind === "stat" || panel.kind === "bars", ...query })),
    "time_series",
  ),
  fieldConfig: {
    defaults: {
      unit: panel.unit,
      thresholds: stepsOf(panel.thresholds ?? green),
      ...(panel.max === undefined ? {} : { min: 0, max: panel.max }),
      ...(panel.words && { mappings: [{ type: "value", options: panel.words }] }),
      custom:
        panel.kind === "lines" || panel.kind === "stack"
          ? {
              fillOpacity: panel.kind === "stack" ? 40 : 10,
              lineWidth: 1,
              showPoints: "never",
              stacking: { mode: panel.kind === "stack" ? "normal" : "none" },
              thresholdsStyle: { mode: panel.thresholds ? "line" : "off" },
            }
          : {},
    },
    overrides: [],
  },
  options: optionsOf[panel.kind],
});

const columnsOfGrid = 24;

/** Puts panels into the grid from left to right; one that does not fit any more begins the next line. */
export const placed = (panels: readonly Panel[]): object[] => {
  let [x, y, lineHeight] = [0, 0, 0];
  return panels.map((panel, index) => {
    if (x + panel.width > columnsOfGrid) [x, y, lineHeight] = [0, y + lineHeight, 0];
    const gridPos = { x, y, w: panel.width, h: panel.height };
    x += panel.width;
    lineHeight = Math.max(lineHeight, panel.height);
    const { title, description } = panel;
    return { id: index + 1, type: grafanaType[panel.kind], title, description, gridPos, ...bodyOf(panel) };
  });
};

/** A line across the dashboard that says what follows. */
export const row = (title: string): Panel => ({ kind: "row", title, description: "", width: columnsOfGrid, height: 1 });
