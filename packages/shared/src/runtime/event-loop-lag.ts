import { monitorEventLoopDelay } from "node:perf_hooks";
import { Gauge, type Registry } from "prom-client";

/** The timer that is watched. prom-client's own goes off every 10 ms: an idle process is woken a hundred times a second. */
const timerMs = 50;
/** So seldom that it costs nothing. */
const seldomMs = 3_600_000;

/** For `collectDefaultMetrics`: its own watch sleeps, as {@link eventLoopLag} takes its place. */
export const withoutItsOwnLag = { eventLoopMonitoringPrecision: seldomMs };

/**
 * `nodejs_eventloop_lag_*_seconds`: how much later than asked for timers went off since the last scrape. In place of
 * prom-client's, which count the length of the timer as lag. The timer under way when it is scraped is not counted.
 */
export const eventLoopLag = (registry: Registry): void => {
  const delays = monitorEventLoopDelay({ resolution: timerMs });
  delays.enable();
  const readings: [string, () => number][] = [
    ["min", () => delays.min],
    ["mean", () => delays.mean],
    ["max", () => delays.max],
    ...[50, 90, 99].map((percent): [string, () => number] => [`p${percent}`, () => delays.percentile(percent)]),
  ];
  const gauges = readings.map(([what, read], index) => {
    const name = `nodejs_eventloop_lag_${what}_seconds`;
    registry.removeSingleMetric(name);
    const help = `Lateness of timers since the last scrape: ${what}`;
    // The first that is read sets all of them.
    const gauge = new Gauge({ name, help, registers: [registry], ...(index === 0 && { collect: () => readAll() }) });
    return { gauge, read };
  });
  registry.removeSingleMetric("nodejs_eventloop_lag_stddev_seconds");
  const readAll = () => {
    for (const { gauge, read } of gauges) gauge.set(delays.count === 0 ? 0 : Math.max(0, read() / 1e9 - timerMs / 1e3));
    delays.reset();
  };
};
