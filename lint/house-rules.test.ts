import { RuleTester } from "oxlint/plugins-dev";
import { describe, test } from "vitest";
import plugin from "./house-rules.ts";

RuleTester.describe = describe;
RuleTester.it = test;
const tester = new RuleTester({ languageOptions: { parserOptions: { lang: "ts" } } });

const { rules } = plugin;
const core = "packages/deliver/src/core/outage.ts";
const adapter = "packages/deliver/src/adapters/redis-outage.ts";

const refused = (name: string, filename: string, code: string, message: RegExp) => ({
  name,
  filename,
  code,
  errors: [{ message }],
});

tester.run("arrows", rules.arrows, {
  valid: [
    { name: "an import along the arrows passes", filename: core, code: `import { x } from "./expiry.ts";` },
    {
      name: "a pipeline may name types of its ports, marked one by one",
      filename: "packages/deliver/src/pipeline.ts",
      code: `import { type Ports, type Clock } from "./ports.ts";`,
    },
    {
      name: "words in a comment or a string are no import",
      filename: core,
      code: `// from "ioredis"\nexport const s = 'from "ioredis"';`,
    },
  ],
  invalid: [
    refused("an import against them is refused", core, `import { Redis } from "ioredis";`, /must not import "ioredis"/),
    refused("an import over several lines too", core, `import {\n  a,\n  b,\n} from "node:fs";`, /"node:fs"/),
    refused("a re-export too", core, `export { a } from "../adapters/a.ts";`, /"\.\.\/adapters\/a\.ts"/),
    refused("a re-export of all too", core, `export * from "../adapters/a.ts";`, /pure/),
    refused("an import at run time too", core, `export const load = () => import("node:http");`, /"node:http"/),
    refused("an import inside a type too", core, `export type R = import("ioredis").Redis;`, /"ioredis"/),
    refused("an import for its side effect too", core, `import "../main.ts";`, /pure/),
    refused(
      "a pipeline that takes one value among types is refused",
      "packages/deliver/src/pipeline.ts",
      `import { type Ports, makePorts } from "./ports.ts";`,
      /through a port/,
    ),
  ],
});

const impure = (code: string, what: string) =>
  refused(
    `core must not use ${what}: ${code}`,
    core,
    code,
    new RegExp(`must not use ${what.replace(/[.()]/g, "\\$&")};`),
  );

tester.run("pure-core", rules["pure-core"], {
  valid: [
    {
      name: "a date made of an argument is arithmetic",
      filename: core,
      code: `export const d = (ms: number) => new Date(ms);`,
    },
    {
      name: "Date.UTC and Math.max are arithmetic",
      filename: core,
      code: `export const d = Math.max(Date.UTC(2026, 1), 1);`,
    },
    {
      name: "an argument or a field that is called like a global is not that global",
      filename: core,
      code: `export const f = (process: { console: number }, now: () => number) => process.console + now();`,
    },
    {
      name: "hashing is pure",
      filename: core,
      code: `import { createHash } from "node:crypto";\ncreateHash("sha256");`,
    },
    { name: "an adapter may read the clock", filename: adapter, code: `export const now = () => Date.now();` },
    {
      name: "a test of core may too",
      filename: "packages/deliver/src/core/outage.test.ts",
      code: `console.log(Date.now());`,
    },
  ],
  invalid: [
    impure(`export const t = Date.now();`, "Date.now"),
    impure(`export const t = new Date();`, "new Date()"),
    impure(`export const t = Date();`, "Date()"),
    impure(`export const r = Math.random();`, "Math.random"),
    impure(`console.log(1);`, "console"),
    impure(`export const e = process.env;`, "process"),
    impure(`setTimeout(() => {}, 1);`, "setTimeout"),
    impure(`export const p = performance.now();`, "performance"),
    impure(`export const f = fetch("http://localhost");`, "fetch"),
    impure(`export const g = globalThis;`, "globalThis"),
    impure(`import { randomUUID } from "node:crypto";`, "randomUUID"),
  ],
});

tester.run("file-names", rules["file-names"], {
  valid: [{ name: "a name that says what is inside passes", filename: core, code: "export {};" }],
  invalid: [refused("utils is refused", "packages/shared/src/utils.ts", "export {};", /could hold anything/)],
});

tester.run("no-barrel", rules["no-barrel"], {
  valid: [
    {
      name: "a file with something of its own may pass something on",
      code: `export { a } from "./a.ts";\nexport const b = 1;`,
    },
  ],
  invalid: [
    refused(
      "a file of re-exports is refused",
      "x.ts",
      `export { a } from "./a.ts";\nexport * from "./b.ts";`,
      /passes on/,
    ),
    refused("so is one that imports first", "x.ts", `import { a } from "./a.ts";\nexport { a };`, /passes on/),
  ],
});
