import { startRedisServer } from "@currents-relay/shared/runtime/redis-server.ts";
import { expect, onTestFinished, test } from "vitest";
import { aConfig, aFolder, startRelayCommand } from "./support/command-line.ts";
import { until } from "./support/until.ts";

test.for(["ingest", "transform", "deliver"] as const)(
  "%s ends after a second SIGTERM also while Redis is there and answers nothing",
  async (stage) => {
    const redis = await startRedisServer({ aof: "no" });
    onTestFinished(async () => {
      process.kill(redis.pid, "SIGCONT");
      await redis.stop();
    });
    const folder = await aFolder({ "relay.yaml": aConfig({ redis: redis.url }) });
    const relay = startRelayCommand([stage], { cwd: folder });
    await until("it runs", () => relay.stderr().includes(`"msg":"${stage}.started"`));
    process.kill(redis.pid, "SIGSTOP");
    const startedMs = performance.now();
    relay.signal("SIGTERM");
    await until("it has heard the first one", () => relay.stderr().includes('"msg":"stopping"'));
    relay.signal("SIGTERM");
    await relay.ended;
    expect(performance.now() - startedMs, relay.stderr()).toBeLessThan(25_000);
    expect(relay.stderr()).not.toContain("did not end within");
  },
);
