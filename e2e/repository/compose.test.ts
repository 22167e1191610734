import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../packages/shared/src/config/load.ts";

/** `docker-compose.yml`, the Dockerfile and what they name, checked as far as that goes without an engine. */

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  entrypoint?: string[];
  profiles?: string[];
  ports?: string[];
  volumes?: string[];
  environment?: Record<string, string>;
  container_name?: string;
  stop_grace_period?: string;
  healthcheck?: { test?: string[]; disable?: boolean };
}
interface ComposeFile {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const repository = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(repository, path), "utf8");

// `yaml` is a dependency of packages/shared, so it is found from there.
const yaml = createRequire(join(repository, "packages/shared/package.json"))("yaml") as {
  parse: (text: string, options: { merge: boolean }) => unknown;
};
// Our own file; the tests below look at the fields they need.
const compose = yaml.parse(read("docker-compose.yml"), { merge: true }) as ComposeFile;
const dockerfile = read("Dockerfile");
const stages = ["ingest", "transform", "deliver"] as const;

const serviceOf = (name: string): Service => {
  const service = compose.services[name];
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
};
const mountsOf = (service: Service): string[] =>
  (service.volumes ?? []).map((mount) => mount.replace(/^\$\{\w+:-([^}]*)\}/, "$1"));

/** Fills `${NAME}`, `${NAME:-default}` and `${NAME:?why}` as the engine would. */
const interpolate = (text: string, variables: Record<string, string | undefined>): string =>
  text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind?: string, rest = "") => {
    if (variables[name]) return variables[name];
    if (kind === "?") throw new Error(`${name}: ${String(rest)}`);
    return String(rest);
  });

test("each stage runs its own command of the relay on the mounted configuration", () => {
  for (const stage of stages) {
    const [command, flag, config = ""] = serviceOf(stage).command ?? [];
    expect([command, flag]).toEqual([stage, "--config"]);
    const mount = mountsOf(serviceOf(stage)).find((one) => config.startsWith(`${one.split(":")[1] ?? "-"}/`)) ?? "";
    const [host = "", inside = ""] = mount.split(":");
    expect(existsSync(join(repository, config.replace(inside, host))), config).toBe(true);
  }
});

test("the relay knows the command of each stage", () => {
  for (const stage of stages) {
    const help = spawnSync(process.execPath, [join(repository, "packages/cli/src/main.ts"), stage, "--help"], {
      encoding: "utf8",
    });
    expect(help.status, help.stderr).toBe(0);
    expect(help.stdout).toContain("--config");
  }
});

test("the stand-ins know the flags that they are given", () => {
  for (const name of ["segment-sim", "currents-maker"]) {
    const { entrypoint = [], command = [] } = serviceOf(name);
    const program = join(repository, entrypoint.at(-1) ?? "");
    const help = spawnSync(process.execPath, [program, "--help"], { encoding: "utf8" });
    const flags = command.filter((word) => word.startsWith("--"));
    expect(flags.length).toBeGreaterThan(0);
    for (const flag of flags) expect(help.stdout.split(/\s/), name).toContain(flag);
  }
});

test("the stages scale: no fixed name, no port of the host, and a minute to finish what is in flight", () => {
  for (const stage of stages) {
    expect(serviceOf(stage)).toMatchObject({ stop_grace_period: "60s" });
    expect(serviceOf(stage).ports).toBeUndefined();
    expect(serviceOf(stage).container_name).toBeUndefined();
  }
});

test("no two services take the same port of the host, and each binds to this machine only", () => {
  const published = Object.values(compose.services).flatMap(({ ports = [] }) =>
    ports.map((port) => interpolate(port, {})),
  );
  const hostPorts = published.map((port) => port.split(":").slice(0, -1).join(":"));
  expect(new Set(hostPorts).size).toBe(hostPorts.length);
  for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
});

test("the stand-ins start in the demo only, everything else always", () => {
  const demo = Object.entries(compose.services).filter(([, { profiles }]) => profiles?.includes("demo"));
  expect(demo.map(([name]) => name).toSorted()).toEqual(["currents-maker", "segment-sim"]);
  for (const name of ["redis", ...stages]) expect(serviceOf(name).profiles).toBeUndefined();
});

test("redis forgets nothing: every write on disk before the answer, nothing evicted, a volume below", () => {
  const redis = serviceOf("redis");
  expect(redis.command?.join(" ")).toMatch(/--appendonly yes --appendfsync always/);
  expect(redis.command?.join(" ")).toMatch(/--maxmemory-policy noeviction/);
  expect(redis.command?.join(" ")).toMatch(/--auto-aof-rewrite-min-size 256mb --save {2}/);
  expect(redis.healthcheck?.test?.join(" ")).toMatch(/redis-cli ping/);
  expect(mountsOf(redis)).toEqual(["redis-data:/data"]);
});

test("every mount is a file of the repository or a declared volume, and every declared volume is used", () => {
  const sources = Object.values(compose.services).flatMap((service) =>
    mountsOf(service).map((mount) => mount.split(":")[0] ?? ""),
  );
  for (const source of sources.filter((one) => one.startsWith(".")))
    expect(existsSync(join(repository, source)), source).toBe(true);
  const named = new Set(sources.filter((one) => !one.startsWith(".")));
  expect([...named].toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
});

test("what the services and the image start is in the repository", () => {
  const starts = [dockerfile, read("docker-compose.yml")].join("\n").match(/packages\/[\w/-]+\.ts/g) ?? [];
  expect(starts.length).toBeGreaterThanOrEqual(3);
  for (const file of starts) expect(existsSync(join(repository, file)), file).toBe(true);
});

test("the image installs every package of the workspace", () => {
  for (const name of readdirSync(join(repository, "packages")))
    expect(dockerfile).toContain(`COPY packages/${name}/package.json packages/${name}/\n`);
});

test("the image runs without root, without development tools, on the Node of the repository", () => {
  const pinned = /"node": "(\d+)\./.exec(read("package.json"))?.[1];
  for (const [, base] of dockerfile.matchAll(/^FROM (\S+)/gm)) expect(base).toBe(`node:${pinned ?? "?"}-slim`);
  expect(dockerfile).toContain("pnpm install --prod --frozen-lockfile");
  expect(dockerfile).toMatch(/^USER node$/m);
});

test("what the image has compiled when it is built is used by the stages: nothing is added by their start", async () => {
  const cache = await mkdtemp(join(tmpdir(), "relay-compiled-"));
  onTestFinished(() => rm(cache, { recursive: true }));
  const [, script = ""] = /^RUN node --eval "(.*)"$/m.exec(dockerfile) ?? [];
  const run = (...args: string[]) =>
    spawnSync("env", [`NODE_COMPILE_CACHE=${cache}`, process.execPath, ...args], { cwd: repository, encoding: "utf8" });
  expect(run("--eval", script)).toMatchObject({ status: 0, stderr: "" });
  const compiled = () => readdirSync(cache, { recursive: true }).length;
  const built = compiled();
  expect(built).toBeGreaterThan(300);
  expect(run("packages/cli/src/main.ts", "deliver", "--config", "no-such-file").status).toBe(78);
  expect(compiled() - built).toBeLessThan(10);
});

test("health is asked at /livez on the port that the mounted configuration opens", () => {
  const loaded = parseConfig(read("ops/compose/relay.yaml"), "/etc/relay/relay.yaml", {
    variables: stageVariables({ ACME_WRITE_KEY: "k" }),
  });
  if (loaded.kind === "faulty") throw new Error(loaded.faults.join("\n"));
  expect(loaded.config.admin.host).toBe("0.0.0.0");
  expect(dockerfile).toContain(`http://127.0.0.1:${loaded.config.admin.port}/livez`);
  expect(dockerfile).toContain(`EXPOSE ${loaded.config.admin.port}\n`);
});

const stageVariables = (given: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(serviceOf("deliver").environment ?? {}).map(([name, value]) => [name, interpolate(value, given)]),
  );

test("without a write key the stages do not start, and the message says where to put it", () => {
  expect(() => stageVariables({})).toThrow(/ACME_WRITE_KEY: put ACME_WRITE_KEY=... into .env/);
});

test("the demo sends to the stand-in, and to nobody else", () => {
  const variables = stageVariables(parseEnv(read("ops/compose/demo.env")));
  const loaded = parseConfig(read("ops/compose/relay.yaml"), "/etc/relay/relay.yaml", { variables });
  if (loaded.kind === "faulty") throw new Error(loaded.faults.join("\n"));
  const port = serviceOf("segment-sim").command?.at(-1) ?? "";
  for (const { segment } of Object.values(loaded.config.workspaces))
    for (const address of [segment.endpoint, segment.settingsEndpoint])
      expect(address).toBe(`http://segment-sim:${port}`);
});

const engineClient = spawnSync("docker", ["compose", "version"]).status === 0;

test.runIf(engineClient)("docker compose reads the file and lists the services", () => {
  const run = spawnSync(
    "docker",
    ["compose", "--env-file", "ops/compose/demo.env", "--profile", "demo", "config", "--services"],
    {
      cwd: repository,
      encoding: "utf8",
    },
  );
  expect(run.stderr).toBe("");
  expect(run.stdout.trim().split("\n").toSorted()).toEqual(Object.keys(compose.services).toSorted());
});
