import type { Redis } from "ioredis";

/** What Redis says of itself (INFO), since its start. */
export interface RedisCounters {
  /** Commands, those inside of scripts too. */
  commands: number;
  /** Reads from a socket that found something: about the commands and pipelines that arrived. */
  arrivals: number;
  bytesIn: number;
  bytesOut: number;
  /** Of data and its overhead, now; not what passes through: the buffers of connections and of the append-only file. */
  usedBytes: number;
}

const numberIn = (info: string, field: string): number => {
  const found = new RegExp(`^${field}:(\\d+)`, "m").exec(info)?.[1];
  if (found === undefined) throw new Error(`Redis' INFO has no ${field}`);
  return Number(found);
};

export const readRedisCounters = async (redis: Redis): Promise<RedisCounters> => {
  const [stats, memory] = await Promise.all([redis.info("stats"), redis.info("memory")]);
  return {
    commands: numberIn(stats, "total_commands_processed"),
    arrivals: numberIn(stats, "total_reads_processed"),
    bytesIn: numberIn(stats, "total_net_input_bytes"),
    bytesOut: numberIn(stats, "total_net_output_bytes"),
    usedBytes:
      numberIn(memory, "used_memory") - numberIn(memory, "mem_clients_normal") - numberIn(memory, "mem_aof_buffer"),
  };
};
