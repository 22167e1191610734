import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

it("a Redis error is logged without the command that failed, because events are in it", () => {
  const logger = new URL("./logger.ts", import.meta.url).href;
  const program = `
    import { createLogger } from "${logger}";
    const err = Object.assign(new Error("OOM"), { command: { name: "set", args: ["person@example.com"] } });
    createLogger({ level: "info", terminal: false }).warn({ err }, "redis.trouble");`;
  const { stderr } = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", program], {
    encoding: "utf8",
  });
  expect(JSON.parse(stderr)).toMatchObject({ msg: "redis.trouble", err: { message: "OOM" } });
  expect(stderr).not.toContain("person@example.com");
});
