import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { tunedStart } from "./tune-process.ts";

/** The space for young objects, in MB, of a process that has made many which live for a while. */
const youngSpaceOf = async (command: string, workspaces = 1): Promise<number> => {
  const program = `
    import { getHeapSpaceStatistics } from "node:v8";
    import { tuneForWorkspaces, tuneProcess } from ${JSON.stringify(new URL("./tune-process.ts", import.meta.url).href)};
    tuneProcess(${JSON.stringify(command)});
    tuneForWorkspaces(${JSON.stringify(command)}, ${workspaces});
    const list = Array.from({ length: 300_000 }, (_, i) => ({ i }));
    let kept = [];
    for (let i = 0; i < 2_000_000; i += 1) kept = i % 100_000 === 0 ? [] : [...kept.slice(-2), { i }];
    const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    console.log(list.length && space_size / 1e6);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  return Number(stdout);
};

test("deliver's space for young objects does not grow, and that of others does", async () => {
  expect(await youngSpaceOf("deliver")).toBeLessThan(2.5); // two halves of 1 MB
  expect(await youngSpaceOf("transform")).toBeGreaterThan(4);
});

test("with many workspaces deliver's grows, too", async () => {
  expect(await youngSpaceOf("deliver", 49)).toBeLessThan(2.5);
  expect(await youngSpaceOf("deliver", 50)).toBeGreaterThan(4);
});

const own = (more: Partial<Parameters<typeof tunedStart>[1]> = {}) => ({
  execPath: "/bin/node",
  execArgv: ["--inspect"],
  argv: ["/bin/node", "main.ts", "transform", "--config", "a b.yaml"],
  env: { PATH: "/bin" },
  ...more,
});

test("a stage begins again with the settings of the image, all else as it was", () => {
  const { args, env } = tunedStart("transform", own()) ?? { args: [], env: {} };
  expect(args).toEqual([
    "/bin/node",
    "--max-semi-space-size=4",
    "--inspect",
    "main.ts",
    "transform",
    "--config",
    "a b.yaml",
  ]);
  expect(env.PATH).toBe("/bin");
  const dockerfile = readFileSync(new URL("../../../Dockerfile", import.meta.url), "utf8");
  expect(dockerfile).toContain(`NODE_OPTIONS=${args[1]} NODE_COMPILE_CACHE=`);
  expect(dockerfile).toContain(`MALLOC_ARENA_MAX=${env.MALLOC_ARENA_MAX} GLIBC_TUNABLES=${env.GLIBC_TUNABLES}`);
});

test.each([
  ["a command that asks and ends", "status", own()],
  ["no command", undefined, own()],
  ["another size in NODE_OPTIONS", "deliver", own({ env: { NODE_OPTIONS: "--max_semi_space_size=16" } })],
  ["another size on the command line", "deliver", own({ execArgv: ["--max-semi-space-size=16"] })],
])("it does not begin again: %s", (_, command, process) => {
  expect(tunedStart(command, process)).toBeUndefined();
});

test("what the user has set in the environment stays", () => {
  expect(tunedStart("start", own({ env: { MALLOC_ARENA_MAX: "4" } }))?.env.MALLOC_ARENA_MAX).toBe("4");
});

test("a process that has begun again has the same pid, its settings, and does not begin once more", async () => {
  const program = `
    import { tuneProcess } from ${JSON.stringify(new URL("./tune-process.ts", import.meta.url).href)};
    console.log(process.pid);
    tuneProcess("ingest");
    console.log(process.execArgv[0], process.env.MALLOC_ARENA_MAX);`;
  const child = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  const { stdout } = await child;
  const pid = child.child.pid;
  expect(stdout).toBe(`${pid}\n${pid}\n--max-semi-space-size=4 1\n`);
});
