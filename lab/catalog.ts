import type { Scenario } from "./scenario.ts";
import { duplicates } from "./scenarios/duplicates.ts";
import { killAll } from "./scenarios/kill-all.ts";
import { killRedis } from "./scenarios/kill-redis.ts";
import { killDeliver, killIngest, killTransform } from "./scenarios/kill-stage.ts";
import { outage401 } from "./scenarios/outage-401.ts";
import { outageAtStart } from "./scenarios/outage-at-start.ts";
import { outageFlapping } from "./scenarios/outage-flapping.ts";
import { outage121h, outage48h } from "./scenarios/outage-hours.ts";
import { outageKill } from "./scenarios/outage-kill.ts";
import { outageSettingsDown } from "./scenarios/outage-settings-down.ts";
import { outageSilent200 } from "./scenarios/outage-silent-200.ts";
import { poison } from "./scenarios/poison.ts";
import { redisDown20s } from "./scenarios/redis-down-20s.ts";
import { redisFull } from "./scenarios/redis-full.ts";
import { rotateKey } from "./scenarios/rotate-key.ts";
import { segmentFlaky } from "./scenarios/segment-flaky.ts";
import { shutdown } from "./scenarios/shutdown.ts";
import { twoWorkspaces } from "./scenarios/two-workspaces.ts";

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
  outage401,
  outageSilent200,
  outageFlapping,
  outageAtStart,
  outageSettingsDown,
  outageKill,
  outage48h,
  outage121h,
  rotateKey,
  twoWorkspaces,
];
