import { join } from "node:path";
import { defineConfig } from "vitest/config";

const second = 1000;

/** One kind of test, told by the end of its file's name: what it needs, and so how long it may take. */
const kindOfTest = (name: string, include: string[], seconds: number, exclude: string[] = []) => ({
  extends: true as const,
  test: {
    name,
    include: include.flatMap((ending) => [`packages/*/src/**/*${ending}`, `{e2e,lab,bench,lint,ops}/**/*${ending}`]),
    exclude: ["**/node_modules/**", ...exclude],
    testTimeout: seconds * second,
    hookTimeout: seconds * second,
  },
});

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2, // each redis test starts a server of its own, each e2e test several processes
    maxConcurrency: 2, // of the lab's scenarios: a killed process must be up again before the next kill
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/node") }, // the e2e tests start hundreds
    reporters: ["default"],
    expect: { poll: { timeout: 8 * second } }, // by itself it gives up after one, which a busy machine takes now and then
    projects: [
      kindOfTest("unit", [".test.ts"], 10, ["**/*.redis.test.ts", "**/*.e2e.test.ts"]),
      kindOfTest("redis", [".redis.test.ts"], 30),
      kindOfTest("e2e", [".e2e.test.ts"], 120),
    ],
  },
});
