import { parseArgs } from "node:util";
import { verifyWriteKey } from "@currents-relay/deliver/adapters/settings-probe.ts";
import { connectorSource } from "@currents-relay/ingest/adapters/connector-source.ts";
import type { ConnectorConfig, RelayConfig, SegmentConfig } from "@currents-relay/shared/config/schema.ts";
import { createLogger } from "@currents-relay/shared/runtime/logger.ts";
import { connectRedis, faultOfPlace, unsafeSettings } from "@currents-relay/shared/runtime/redis.ts";
import type { Command } from "../command.ts";
import { errorText } from "@currents-relay/shared/core/error-text.ts";
import { exitCodes } from "../exit-codes.ts";
import { counted, print, printError } from "../output.ts";
import { configPath, readConfig } from "../read-config.ts";
import { redisAddress, requireRedis } from "../redis-answers.ts";

export const check: Command = {
  help: `Usage: relay check [--config FILE] [--verify]

Reads the configuration and lists every fault in it with its line; opens no connection.
  --config FILE  the configuration; left out: relay.yaml in this folder
  --verify       also ask Segment whether it knows the write keys, list the sources, and look at redis.url
                 and write a key there that is gone after a minute

Exits with 0 when all is well, 78 when the configuration has faults, 1 when a key, a source or Redis has.`,

  run: async (args) => {
    const { values } = parseArgs({ args, options: { config: { type: "string" }, verify: { type: "boolean" } } });
    const { config, file, doubts } = readConfig(configPath(values.config));
    const workspaces = Object.values(config.workspaces);
    const connectors = workspaces.flatMap((workspace) => Object.keys(workspace.connectors));
    print(`${file} is good: ${counted(workspaces.length, "workspace")}, ${counted(connectors.length, "connector")}`);
    for (const doubt of doubts) printError(`Is this meant? ${doubt}`);
    if (!values.verify) return exitCodes.ok;
    const findings = await verifyAll(config);
    for (const { about, isGood, text } of findings) print(`${isGood ? "ok   " : "FAULT"}  ${about}: ${text}`);
    return findings.every(({ isGood }) => isGood) ? exitCodes.ok : exitCodes.failed;
  },
};

interface Finding {
  isGood: boolean;
  text: string;
}

/** In the order of the configuration; asked all at once. */
const verifyAll = async ({ workspaces, redis }: RelayConfig): Promise<(Finding & { about: string })[]> => {
  const questions: [string, Promise<Finding>][] = [
    ...(redis ? [["redis", verifyRedis(redis.url.reveal())] as [string, Promise<Finding>]] : []),
    ...Object.entries(workspaces).flatMap(([name, { segment, connectors }]): [string, Promise<Finding>][] => [
      [`${name}, write key`, verifyKey(segment)],
      ...Object.entries(connectors).map(([connector, settings]): [string, Promise<Finding>] => [
        `${name}, connector ${connector}`,
        verifySource(settings),
      ]),
    ]),
  ];
  return Promise.all(questions.map(async ([about, finding]) => ({ about, ...(await finding) })));
};

const verifyKey = async ({ writeKey, settingsEndpoint, ...segment }: SegmentConfig): Promise<Finding> => {
  if (segment.credentialCheck === "none") return { isGood: true, text: "not asked for (credentialCheck: none)" };
  const { requestTimeoutMs: timeoutMs } = segment;
  const signal = AbortSignal.timeout(2 * timeoutMs);
  const verdict = await verifyWriteKey({ settingsEndpoint, writeKey, timeoutMs, signal });
  if (verdict === "known") return { isGood: true, text: `${settingsEndpoint} knows it` };
  if (verdict === "unknown")
    return {
      isGood: false,
      text: `${settingsEndpoint} does not know it; Segment would answer 200 to its events and throw them away`,
    };
  return { isGood: false, text: `${settingsEndpoint} could not say: ${verdict.undecided}` };
};

const verifySource = async ({ source }: ConnectorConfig): Promise<Finding> => {
  if (source.type === "http") return { isGood: true, text: "takes what Braze posts to it; there is nothing to ask" };
  const { name, probe } = connectorSource(source);
  try {
    await probe(AbortSignal.timeout(60_000));
    return { isGood: true, text: `${name} can be listed and read` };
  } catch (error) {
    return { isGood: false, text: errorText(error) };
  }
};

const verifyRedis = async (url: string): Promise<Finding> => {
  const redis = connectRedis(url, createLogger({ level: "silent", terminal: false }));
  try {
    await requireRedis(redis);
    const [place, unsafe] = await Promise.all([faultOfPlace(redis), unsafeSettings(redis)]);
    const faults = [...(place ? [place.message] : []), ...unsafe];
    return { isGood: faults.length === 0, text: [`${redisAddress(redis)} answers`, ...faults].join("; ") };
  } catch (error) {
    return { isGood: false, text: errorText(error) };
  } finally {
    redis.disconnect();
  }
};
