import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** The space for young objects, in MB, of a process that has made many which live for a while. */
const youngSpaceOf = async (command: string): Promise<number> => {
  const program = `
    import { getHeapSpaceStatistics } from "node:v8";
    import { tuneProcess } from ${JSON.stringify(new URL("./tune-process.ts", import.meta.url).href)};
    tuneProcess(${JSON.stringify(command)});
    let kept = [];
    for (let i = 0; i < 2_000_000; i += 1) kept = i % 100_000 === 0 ? [] : [...kept.slice(-2), { i }];
    const list = Array.from({ length: 300_000 }, (_, i) => ({ i }));
    const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    console.log(list.length && space_size / 1e6);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  return Number(stdout);
};

test("deliver's space for young objects does not grow, and that of others does", async () => {
  expect(await youngSpaceOf("deliver")).toBeLessThan(2.5); // two halves of 1 MB
  expect(await youngSpaceOf("transform")).toBeGreaterThan(4);
});
