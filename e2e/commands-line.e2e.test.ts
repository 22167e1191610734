import { expect, test } from "vitest";
import { aConfig, aFolder, runRelay } from "./support/command-line.ts";

test.each([
  ["start", ["--config", "--once", "--admin-port", "--example", "REDIS_URL", "75"]],
  ["ingest", ["--config", "--admin-port", "redis.url"]],
  ["transform", ["--config", "--admin-port", "redis.url"]],
  ["deliver", ["--config", "--admin-port", "redis.url"]],
  ["map", ["FILE", "--config", "--workspace", "--connector"]],
  ["check", ["--config", "--verify", "78"]],
  ["status", ["--config", "--json"]],
])("relay %s --help names its options", async (command, words) => {
  const { code, stdout, stderr } = await runRelay([command, "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`Usage: relay ${command} `);
  for (const word of words) expect(stdout).toContain(word);
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(120);
});

test("relay --help lists the commands", async () => {
  const { code, stdout } = await runRelay(["--help"]);
  expect(code).toBe(0);
  for (const command of ["start", "check", "map", "status", "ingest", "transform", "deliver"])
    expect(stdout).toMatch(new RegExp(`^  ${command} +\\S`, "m"));
});

test("relay --version is the version of the package", async () => {
  expect((await runRelay(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([
  [[], "Usage: relay COMMAND"],
  [["strat"], 'there is no command "strat"; did you mean start?'],
  [["__proto__"], 'there is no command "__proto__"; the commands are: start, check'],
  [["start", "--onec"], "Unknown option '--onec'"],
  [["start", "--config"], "Option '--config <value>' argument missing"],
  [["start", "relay.yaml"], "Unexpected argument 'relay.yaml'"],
  [["start", "--admin-port", "http"], '--admin-port: "http" is no port (0 to 65535)'],
  [["start", "--admin-port", "65536"], '--admin-port: "65536" is no port'],
  [["start", "--example", "--config", "relay.yaml"], "--example runs a configuration of its own"],
  [["check"], "--config FILE is missing, and this folder has no relay.yaml"],
  [["status"], "--config FILE is missing, and this folder has no relay.yaml"],
  [["ingest"], "--config FILE is missing, and this folder has no relay.yaml"],
  [["map"], "name one FILE to map"],
  [["resend", "--suspect", "--events", "*.Open"], "--suspect takes no --connector and no --events"],
  [["resend", "--suspect", "--connector", "a"], "--suspect takes no --connector and no --events"],
  [["backfill", "--from", "2026-11-01", "--to", "2026-11-02", "--events", ""], '--events: "" names no event type'],
  [["resend", "--from", "2026-11-01", "--to", "2026-11-02", "--events", "!"], '--events: "!" names no event type'],
  [["map", "a", "b"], "name one FILE to map"],
  [["map", "a", "--workspace", "w"], "--workspace and --connector need --config FILE"],
])("the command line %j is refused with 64", async (args, message) => {
  const { code, stdout, stderr } = await runRelay(args, { cwd: await aFolder() });
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
});

test.each(["start", "check", "status", "ingest", "map"])(
  "relay %s ends with 78 where --config names no file",
  async (command) => {
    const args = command === "map" ? ["map", "x.avro"] : [command];
    const { code, stdout, stderr } = await runRelay([...args, "--config", "nope.yaml"], { cwd: await aFolder() });
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toMatch(/nope\.yaml: cannot be read: it does not exist/);
  },
);

test.each(["ingest", "transform", "deliver"])(
  "relay %s needs a Redis that it shares, and says how to name it",
  async (stage) => {
    const folder = await aFolder({ "relay.yaml": aConfig() });
    const { code, stdout, stderr } = await runRelay([stage], { cwd: folder });
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toContain("relay.yaml redis.url: is missing");
    expect(stderr).toContain('redis: { url: "${REDIS_URL}" }');
  },
);
