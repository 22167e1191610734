import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Runs oxlint with the repository's own configuration over a small tree of good and bad files. */

const repository = join(import.meta.dirname, "..");
const lines = (count: number, line: string): string => Array.from({ length: count }, () => line).join("\n");
const stageWorker = "packages/shared/src/queues/stage-worker.ts";

/** A file with a fault, and the rules that must see it. */
const bad: Record<string, { code: string; rules: string[] }> = {
  "packages/ingest/src/any.ts": { code: `export const f = (x: any) => x;`, rules: ["typescript(no-explicit-any)"] },
  "packages/ingest/src/floating.ts": {
    code: `export const f = () => { Promise.resolve(1); };`,
    rules: ["typescript(no-floating-promises)"],
  },
  "packages/ingest/src/misused.ts": {
    code: `export const f = (xs: number[]) => xs.forEach(async () => { await Promise.resolve(1); });`,
    rules: ["typescript(no-misused-promises)"],
  },
  "packages/ingest/src/switch.ts": {
    code: `export const f = (k: "a" | "b") => { switch (k) { case "a": return 1; } return 2; };`,
    rules: ["typescript(switch-exhaustiveness-check)"],
  },
  "packages/ingest/src/type-import.ts": {
    code: `import { Outcome } from "./good.ts";\nexport type X = Outcome;`,
    rules: ["typescript(consistent-type-imports)"],
  },
  "packages/ingest/src/barrel.ts": {
    code: `export * from "./good.ts";`,
    rules: ["house(no-barrel)", "oxc(no-barrel-file)"],
  },
  "packages/ingest/src/default-export.ts": { code: `export default 1;`, rules: ["import(no-default-export)"] },
  "packages/ingest/src/camelCase.ts": { code: `export const x = 1;`, rules: ["unicorn(filename-case)"] },
  "packages/ingest/src/utils.ts": { code: `export const x = 1;`, rules: ["house(file-names)"] },
  "packages/ingest/src/long-file.test.ts": {
    code: `export const x = 1;\n${lines(400, "// x")}`,
    rules: ["eslint(max-lines)"],
  },
  "packages/ingest/src/long-function.ts": {
    code: `export const f = (xs: number[]) => {\n${lines(50, "xs.push(1);")}\n};`,
    rules: ["eslint(max-lines-per-function)"],
  },
  "packages/ingest/src/many-parameters.ts": {
    code: `export const f = (a: 1, b: 1, c: 1, d: 1, e: 1) => [a, b, c, d, e];`,
    rules: ["eslint(max-params)"],
  },
  "packages/ingest/src/env.ts": { code: `export const x = process.env["X"];`, rules: ["node(no-process-env)"] },
  "packages/ingest/src/exit.ts": { code: `process.exit(1);`, rules: ["unicorn(no-process-exit)"] },
  "packages/ingest/src/process-module.ts": {
    code: `import { exit } from "node:process";\nexit(1);`,
    rules: ["eslint(no-restricted-imports)"],
  },
  "packages/ingest/src/control-flow.ts": {
    code: `import { DelayedError, RateLimitError, UnrecoverableError, WaitingError } from "bullmq";\nexport const x = [DelayedError, RateLimitError, UnrecoverableError, WaitingError];`,
    rules: lines(4, "eslint(no-restricted-imports)").split("\n"),
  },
  "packages/ingest/src/core/clock.ts": { code: `export const x = Date.now();`, rules: ["house(pure-core)"] },
  "packages/ingest/src/core/redis.ts": {
    code: `import type { Redis } from "ioredis";\nexport type X = Redis;`,
    rules: ["house(arrows)"],
  },
  "packages/ingest/src/other-stage.ts": {
    code: `import { x } from "@currents-relay/deliver/x.ts";\nexport const y = x;`,
    rules: ["house(arrows)"],
  },
  "packages/ingest/src/cycle-a.ts": {
    code: `import { b } from "./cycle-b.ts";\nexport const a = () => b();`,
    rules: ["import(no-cycle)"],
  },
  "packages/ingest/src/cycle-b.ts": {
    code: `import { a } from "./cycle-a.ts";\nexport const b = (): unknown => a();`,
    rules: ["import(no-cycle)"],
  },
  "packages/ingest/src/idle-directive.ts": {
    code: `// oxlint-disable-next-line no-console\nexport const x = 1;`,
    rules: [""],
  },
};

/** Files that the same rules must let pass. */
const good: Record<string, string> = {
  "packages/ingest/src/good.ts": `export type Outcome = { kind: "ok" };`,
  "packages/shared/src/config/environment.ts": `export const environment = process.env;`,
  "packages/cli/src/main.ts": `process.exit(1);`,
  [stageWorker]: `import { DelayedError } from "bullmq";\nexport const x = DelayedError;`,
  "packages/ingest/src/long-describe.test.ts": `export const f = (xs: number[]) => {\n${lines(60, "xs.push(1);")}\n};`,
  "packages/ingest/src/commented-function.ts": `export const f = (xs: number[]) => {\n${lines(60, "// why\n")}\n  return xs;\n};`,
};

interface Diagnostic {
  code?: string;
  filename: string;
}

let tree: string;
let found: Map<string, string[]>;

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), "relay-lint-"));
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), `${content}\n`);
  };
  cpSync(join(repository, ".oxlintrc.json"), join(tree, ".oxlintrc.json"));
  for (const file of ["house-rules.ts", "arrows.ts", "file-names.ts"])
    cpSync(join(repository, "lint", file), join(tree, "lint", file));
  cpSync(join(repository, "tsconfig.base.json"), join(tree, "tsconfig.json"));
  symlinkSync(join(repository, "node_modules"), join(tree, "node_modules"));
  for (const [path, { code }] of Object.entries(bad)) write(path, code);
  for (const [path, code] of Object.entries(good)) write(path, code);
  const run = spawnSync(
    join(repository, "node_modules/.bin/oxlint"),
    ["--type-aware", "--format", "json", "packages"],
    {
      cwd: tree,
      encoding: "utf8",
    },
  );
  found = new Map();
  // oxlint's own report; its form is checked by the expectations below.
  for (const { filename, code = "" } of (JSON.parse(run.stdout) as { diagnostics: Diagnostic[] }).diagnostics)
    found.set(filename, [...(found.get(filename) ?? []), code].toSorted());
});

afterAll(() => rmSync(tree, { recursive: true }));

test.each(Object.entries(bad))("%s is refused by the rule it breaks, and by no other", (path, { rules }) => {
  expect(found.get(path)).toEqual(rules.toSorted());
});

test.each(Object.keys(good))("%s passes", (path) => {
  expect(found.get(path)).toBeUndefined();
});
