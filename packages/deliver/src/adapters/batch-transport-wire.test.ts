import { Secret } from "@currents-relay/shared/config/secret.ts";
import type { TrackCall } from "@currents-relay/shared/contracts/call.ts";
import { array, asyncProperty, assert, dictionary, jsonValue, option, record, string } from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SegmentTransport } from "../transport.ts";
import { createBatchTransport } from "./batch-transport.ts";
import { createSdkTransport } from "./sdk-transport.ts";
import { aBatch, aCall } from "./transport-contract.ts";
import { type Arrived, type StandIn, startStandIn } from "./transport-stand-in.ts";

/**
 * The whole difference between the two adapters on the wire. Segment needs none of it: `integrations: {}` is the
 * default, `_metadata` and `context.library` describe the sending library.
 */
const onlyFromSdk = {
  integrations: {},
  _metadata: { jsRuntime: "node", nodeVersion: process.version },
  library: { name: "@segment/analytics-node", version: "3.1.0" },
};

interface Body {
  batch: (TrackCall & { integrations?: unknown; _metadata?: unknown })[];
  writeKey: string;
  sentAt: string;
}

let segment: StandIn;
let transports: Record<"direct" | "sdk", SegmentTransport>;
beforeAll(async () => {
  segment = await startStandIn();
  const settings = { endpoint: segment.url, writeKey: new Secret("wk"), timeoutMs: 5_000 };
  transports = { direct: createBatchTransport(settings), sdk: createSdkTransport(settings) };
});
afterAll(async () => {
  for (const transport of [transports.direct, transports.sdk]) transport.close();
  await segment[Symbol.asyncDispose]();
});

const onTheWire = async (by: "direct" | "sdk", calls: readonly object[]): Promise<Arrived> => {
  const arrival = segment.nextArrival();
  expect(await transports[by].send(aBatch(calls), new AbortController().signal)).toMatchObject({ status: 200 });
  return arrival;
};
const bodyOf = ({ body }: Arrived): Body => JSON.parse(body) as Body; // compared field by field below

const name = string({ minLength: 1, maxLength: 12 });
/** What transform can make of a call; `context.library` is the transport's. */
const anyCall = record({
  messageId: string({ minLength: 1, maxLength: 40 }),
  event: name,
  userId: name,
  anonymousId: option(name, { nil: undefined }),
  properties: dictionary(name, jsonValue({ maxDepth: 2 }), { maxKeys: 6 }),
  context: dictionary(
    name.filter((key) => key !== "library"),
    jsonValue({ maxDepth: 2 }),
    { maxKeys: 4 },
  ),
});

test("call by call both transports send the same, but for what the SDK says of itself", async () => {
  await assert(
    asyncProperty(array(anyCall, { minLength: 1, maxLength: 5 }), async (parts) => {
      const calls = JSON.parse(JSON.stringify(parts.map((part, n) => ({ ...aCall(n), ...part })))) as TrackCall[]; // as packed
      const [direct, sdk] = [bodyOf(await onTheWire("direct", calls)), bodyOf(await onTheWire("sdk", calls))];
      expect(direct.batch).toEqual(calls);
      const { library, integrations, _metadata } = onlyFromSdk;
      expect(sdk.batch).toEqual(
        calls.map((call) => ({ ...call, integrations, _metadata, context: { ...call.context, library } })),
      );
    }),
    { numRuns: 60 },
  );
});

test("around the calls both transports send the same fields and headers, but for the User-Agent and the time", async () => {
  const [direct, sdk] = [await onTheWire("direct", [aCall(1)]), await onTheWire("sdk", [aCall(1)])];
  const around = ({ method, path, headers, body }: Arrived) => {
    const { "user-agent": _agent, "content-length": _length, ...sameHeaders } = headers;
    const { batch: _batch, sentAt, ...sameFields } = bodyOf({ method, path, headers, body });
    return { method, path, sameHeaders, sameFields, sentAt: typeof sentAt };
  };
  expect(around(direct)).toEqual(around(sdk));
  expect([direct, sdk].map(({ headers }) => headers["user-agent"])).toEqual([
    "currents-relay",
    "analytics-node-next/latest",
  ]);
});
