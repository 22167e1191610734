import { availableParallelism } from "node:os";
import type { Redis } from "ioredis";
import { cpuSecondsOf, machineCpuSeconds } from "./process-cost.ts";
import { readRedisCounters, type RedisCounters } from "./redis-counters.ts";
import { type RelayProcess, type Role, stages } from "./relay-processes.ts";
import type { StandIn } from "./stand-in.ts";

/** What everything has cost since its start. */
export interface CostReading {
  atMs: number;
  /** CPU seconds, summed over the processes of a role. */
  cpu: Record<Role | "redis" | "standIn", number>;
  /** CPU seconds of the whole machine but for us. */
  others: number;
  redis: RedisCounters;
}

interface Costly {
  redis: Redis;
  redisPid: number;
  standIn: StandIn;
  relays: readonly RelayProcess[];
}

export const readCosts = async ({ redis, redisPid, standIn, relays }: Costly): Promise<CostReading> => {
  const cpu = { ingest: 0, transform: 0, deliver: 0, start: 0, redis: 0, standIn: 0 };
  for (const { role, cpuSeconds } of relays) cpu[role] += cpuSeconds();
  cpu.redis = cpuSecondsOf(redisPid);
  cpu.standIn = standIn.process.cpuSeconds();
  const { user, system } = process.cpuUsage();
  const ours = Object.values(cpu).reduce((sum, seconds) => sum + seconds, (user + system) / 1e6);
  return { atMs: Date.now(), cpu, others: machineCpuSeconds() - ours, redis: await readRedisCounters(redis) };
};

/** What one event cost, in all that happened between two readings. */
export interface EventCost {
  /** CPU microseconds. */
  cpuUs: Record<Role | "redis" | "standIn", number>;
  /** Of the relay's processes together. */
  relayCpuUs: number;
  commands: number;
  arrivals: number;
  bytesIn: number;
  bytesOut: number;
  /** Of the machine's CPU time meanwhile, what others used: 0 to 100. Not of an event, but of the measurement. */
  othersPercent: number;
}

export const costBetween = (before: CostReading, after: CostReading, events: number): EventCost => {
  const us = (name: keyof CostReading["cpu"]) => ((after.cpu[name] - before.cpu[name]) * 1e6) / events;
  const cpuUs = {
    ingest: us("ingest"),
    transform: us("transform"),
    deliver: us("deliver"),
    start: us("start"),
    redis: us("redis"),
    standIn: us("standIn"),
  };
  const count = (name: keyof RedisCounters) => (after.redis[name] - before.redis[name]) / events;
  const machineSeconds = ((after.atMs - before.atMs) / 1_000) * availableParallelism();
  return {
    cpuUs,
    relayCpuUs: cpuUs.start + stages.reduce((sum, stage) => sum + cpuUs[stage], 0),
    commands: count("commands"),
    arrivals: count("arrivals"),
    bytesIn: count("bytesIn"),
    bytesOut: count("bytesOut"),
    othersPercent: Math.max(0, ((after.others - before.others) / machineSeconds) * 100),
  };
};
