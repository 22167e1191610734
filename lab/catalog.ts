import type { Scenario } from "./scenario.ts";
import { duplicates } from "./scenarios/duplicates.ts";
import { killAll } from "./scenarios/kill-all.ts";
import { killRedis } from "./scenarios/kill-redis.ts";
import { killDeliver, killIngest, killTransform } from "./scenarios/kill-stage.ts";
import { poison } from "./scenarios/poison.ts";
import { redisDown20s } from "./scenarios/redis-down-20s.ts";
import { redisFull } from "./scenarios/redis-full.ts";
import { segmentFlaky } from "./scenarios/segment-flaky.ts";
import { shutdown } from "./scenarios/shutdown.ts";

export const scenarios: readonly Scenario[] = [
  killIngest,
  killTransform,
  killDeliver,
  killAll,
  killRedis,
  redisDown20s,
  redisFull,
  segmentFlaky,
  poison,
  duplicates,
  shutdown,
];
