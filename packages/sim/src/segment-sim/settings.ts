import { type Answer, json } from "./answer.ts";
import type { Behaviour } from "./behaviour.ts";

export type Region = "us" | "eu";

const apiHosts: Record<Region, string> = { us: "api.segment.io/v1", eu: "events.eu1.segmentapis.com/v1" };

/**
 * Answers the settings endpoint: 404 for an unknown key; else JSON that names, among the integrations, the endpoint
 * of the key's own region. Both regions share this endpoint (cdn.segment.com).
 */
export const settingsAnswer = (writeKey: string, behaviour: Behaviour, region: Region): Answer => {
  const elsewhere = behaviour.otherRegionKeys.has(writeKey);
  if (!elsewhere && behaviour.keys && !behaviour.keys.has(writeKey))
    return json(404, { success: false, message: "unknown write key" });
  const keyRegion = elsewhere === (region === "us") ? "eu" : "us";
  return json(200, {
    integrations: { "Segment.io": { apiKey: writeKey, apiHost: apiHosts[keyRegion] } },
    plan: { track: { __default: { enabled: true, integrations: {} } } },
  });
};
