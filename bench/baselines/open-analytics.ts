import { Analytics } from "@segment/analytics-node";

/** One instance for the whole run, as its README shows. `flushAt`: calls in a request; the SDK's default is 15. */
export const openAnalytics = (url: string, flushAt = 15): Analytics => {
  const analytics = new Analytics({ writeKey: "bench-key-baseline", host: url, flushAt, flushInterval: 1_000 });
  analytics.on("error", ({ reason }) => {
    console.error("lost:", reason);
    process.exitCode = 1;
  });
  return analytics;
};
