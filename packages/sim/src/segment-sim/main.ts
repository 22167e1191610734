import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Control, parseControl } from "./control.ts";
import { startSegmentSim, type SegmentSimOptions } from "./server.ts";

const help = `A stand-in for Segment: tracking API, settings endpoint and OAuth server, faults included.

  pnpm segment-sim --port N [options]

  --port N                  port to listen on; 0 takes a free one
  --host HOST               default 127.0.0.1
  --script FILE             behaviour script (JSON): rules, keys, otherRegionKeys, rateLimit, seed
  --keys A,B                the write keys that exist; all others get 200 and lose their events (default: all exist)
  --other-region-keys A,B   keys of another region: known to the settings endpoint, their events are lost
  --region us|eu            the region that it serves; default us
  --log FILE                append every accepted call to FILE, one JSON line each
  --log-ids                 with --log: only time, id and write key
  --fast                    look at message ids only, for measurements
  --help

Pages while it runs: GET /__stats, /__accepted?atLeast=N, /__ids, /__calls?limit=N, /__arrivals; POST /__control with a script.`;

const flags = {
  port: { type: "string" },
  host: { type: "string" },
  script: { type: "string" },
  keys: { type: "string" },
  "other-region-keys": { type: "string" },
  region: { type: "string" },
  log: { type: "string" },
  "log-ids": { type: "boolean" },
  fast: { type: "boolean" },
  help: { type: "boolean" },
} as const;

const names = (list: string): string[] => list.split(",").filter((name) => name !== "");

const scriptIn = (path: string): Control => {
  try {
    return parseControl(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new Error(`--script ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
};

const portFrom = (text: string | undefined): number => {
  if (text === undefined) throw new Error("--port is missing");
  if (!/^\d+$/.test(text) || Number(text) > 65_535) throw new Error(`--port ${text} is no port (0 to 65535)`);
  return Number(text);
};

const regionFrom = (text: string): "us" | "eu" => {
  if (text !== "us" && text !== "eu") throw new Error(`--region ${text} is neither us nor eu`);
  return text;
};

const optionsFrom = (args: string[]): SegmentSimOptions | "help" => {
  const { values } = parseArgs({ args, options: flags });
  if (values.help) return "help";
  const others = values["other-region-keys"];
  if (values["log-ids"] && values.log === undefined) throw new Error("--log-ids needs --log FILE");
  return {
    port: portFrom(values.port),
    region: regionFrom(values.region ?? "us"),
    fast: values.fast ?? false,
    logIds: values["log-ids"] ?? false,
    script: {
      ...(values.script !== undefined && scriptIn(values.script)),
      ...(values.keys !== undefined && { keys: names(values.keys) }),
      ...(others !== undefined && { otherRegionKeys: names(others) }),
    },
    ...(values.host !== undefined && { host: values.host }),
    ...(values.log !== undefined && { logFile: values.log }),
  };
};

const main = async (): Promise<void> => {
  const options = optionsFrom(process.argv.slice(2));
  if (options === "help") {
    console.log(help);
    return;
  }
  const sim = await startSegmentSim(options);
  const stop = (): void => {
    sim.stop().catch((error: unknown) => {
      console.error(`segment-sim: ${String(error)}`);
      process.exitCode = 1;
    });
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
  console.log(`segment-sim listens on ${sim.url}`);
};

main().catch((error: unknown) => {
  console.error(`segment-sim: ${error instanceof Error ? error.message : String(error)} (--help shows the options)`);
  process.exitCode = 1;
});
