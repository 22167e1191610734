import { expect, test } from "vitest";
import { arrowFault, isPure } from "./arrows.ts";
import { fileNameFault } from "./file-names.ts";

const fault = (file: string, specifier: string, typeOnly = false) => arrowFault({ file, specifier, typeOnly });

test("core may import core, contracts and avro, of its own package and of shared, and pure modules", () => {
  const core = "packages/transform/src/core/map-event.ts";
  for (const specifier of [
    "./identity.ts",
    "./catalog.json",
    "@currents-relay/shared/core/outcome.ts",
    "@currents-relay/shared/contracts/call.ts",
    "@currents-relay/shared/avro/record-type.ts",
    "node:crypto",
    "node:zlib",
    "avsc",
  ])
    expect(fault(core, specifier), specifier).toBeUndefined();
});

test("core must not import the outside world, nor an adapter of its own package, nor even its types", () => {
  const core = "packages/deliver/src/core/outage.ts";
  for (const specifier of [
    "ioredis",
    "bullmq",
    "pino",
    "prom-client",
    "node:http",
    "node:fs/promises",
    "fs",
    "node:net",
    "../adapters/redis-outage.ts",
    "../ports.ts",
    "@currents-relay/shared/runtime/logger.ts",
  ])
    for (const typeOnly of [false, true])
      expect(fault(core, specifier, typeOnly), specifier).toMatch(/core\/ is pure .* "[^"]+"; take the value/);
});

test("contracts and avro are held to what core is held to", () => {
  expect(fault("packages/shared/src/contracts/jobs.ts", "../runtime/redis.ts")).toMatch(/contracts\/ is pure/);
  expect(fault("packages/shared/src/avro/container.ts", "node:fs")).toMatch(/avro\/ is pure/);
});

test("a core folder deeper down is core too", () => {
  expect(fault("packages/ingest/src/core/avro/blocks.ts", "../../adapters/s3-source.ts")).toMatch(/pure/);
  expect(fault("packages/ingest/src/core/avro/blocks.ts", "../chunk.ts")).toBeUndefined();
});

test("a pipeline imports core, and only the types of everything else", () => {
  const pipeline = "packages/deliver/src/pipeline.ts";
  expect(fault(pipeline, "./core/verdict.ts")).toBeUndefined();
  expect(fault(pipeline, "@currents-relay/shared/core/outcome.ts")).toBeUndefined();
  expect(fault(pipeline, "./ports.ts", true)).toBeUndefined();
  expect(fault(pipeline, "@currents-relay/shared/runtime/logger.ts", true)).toBeUndefined();
  for (const specifier of ["./adapters/redis-rate.ts", "./ports.ts", "ioredis", "node:fs"])
    expect(fault(pipeline, specifier), specifier).toMatch(/through a port that main\.ts hands in/);
});

test("a stage imports shared, and no other stage, nor the command line, nor the stand-ins", () => {
  expect(fault("packages/ingest/src/main.ts", "@currents-relay/shared/runtime/redis.ts")).toBeUndefined();
  for (const stage of ["ingest", "transform", "deliver"])
    for (const other of ["ingest", "transform", "deliver", "cli", "sim"].filter((name) => name !== stage))
      for (const from of ["main.ts", "adapters/x.ts", "pipeline.test.ts"])
        expect(fault(`packages/${stage}/src/${from}`, `@currents-relay/${other}/main.ts`, true)).toMatch(
          `${stage} must not import ${other}; what passes between packages belongs in shared/contracts`,
        );
});

test("shared imports none of our packages", () => {
  for (const other of ["ingest", "transform", "deliver", "cli", "sim"])
    expect(fault("packages/shared/src/runtime/lifecycle.ts", `@currents-relay/${other}/main.ts`)).toMatch(
      /shared imports none of our packages/,
    );
});

test("the stand-ins know shared only, the command line knows everybody", () => {
  expect(fault("packages/sim/src/segment-sim/main.ts", "@currents-relay/shared/contracts/call.ts")).toBeUndefined();
  expect(fault("packages/sim/src/segment-sim/main.ts", "@currents-relay/deliver/main.ts")).toMatch(/must not import/);
  expect(fault("packages/cli/src/start.ts", "@currents-relay/deliver/main.ts")).toBeUndefined();
});

test("another package is imported by its name, not by a path", () => {
  expect(fault("packages/cli/src/start.ts", "../../deliver/src/main.ts")).toMatch(
    "import it as @currents-relay/deliver/...",
  );
  expect(fault("packages/ingest/src/main.ts", "../../transform/src/main.ts")).toMatch(/leaves the package/);
});

test("a test may know both sides of a room's door", () => {
  expect(fault("packages/deliver/src/core/outage.test.ts", "vitest")).toBeUndefined();
  expect(fault("packages/deliver/src/pipeline.test.ts", "./adapters/settings-probe.ts")).toBeUndefined();
});

test("where the repository stands on the disk makes no difference", () => {
  expect(fault("/some/where/packages/ingest/src/core/chunk.ts", "../main.ts")).toMatch(/pure/);
  expect(fault("e2e/outage.e2e.test.ts", "@currents-relay/sim/segment-sim/server.ts")).toBeUndefined();
});

test("purity is asked of core, contracts and avro, but not of their tests", () => {
  expect(isPure("packages/transform/src/core/pack.ts")).toBe(true);
  expect(isPure("packages/transform/src/core/pack.test.ts")).toBe(false);
  expect(isPure("packages/transform/src/adapters/redis-claims.ts")).toBe(false);
  expect(isPure("e2e/core/x.ts")).toBe(false);
});

test("a name that could hold anything is refused, for a file, for a folder, and as the last word of either", () => {
  for (const path of [
    "packages/shared/src/utils.ts",
    "packages/shared/src/Helpers.test.ts",
    "packages/shared/src/common/x.ts",
    "lab/misc.ts",
    "packages/deliver/src/adapters/redis-manager.ts",
  ])
    expect(fileNameFault(path), path).toMatch(/could hold anything; call it after the one thing inside/);
  expect(fileNameFault("packages/shared/src/common-prefix.ts")).toBeUndefined();
  expect(fileNameFault("packages/shared/src/runtime/redis.ts")).toBeUndefined();
});
