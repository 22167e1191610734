import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";

/** `.ci/run` with a stand-in for npx, which notes what it is asked for and answers as told. */

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

interface Told {
  /** The pnpm commands that fail. */
  failing?: string[];
  /** What vitest reports; left out: no report is written. */
  report?: unknown;
}

const aReport = (passed: number, failed: number, testResults: unknown[] = []) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  testResults,
});

const runCi = ({ failing = [], report }: Told) => {
  const folder = mkdtempSync(join(tmpdir(), "relay-ci-"));
  folders.push(folder);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  cpSync(join(import.meta.dirname, "../../.ci/run"), join(folder, ".ci/run"));
  if (report !== undefined) writeFileSync(join(folder, "report.json"), JSON.stringify(report));
  const npx = `#!/bin/sh
[ "$1 $2" = "-y pnpm@12" ] || exit 99
echo "$3" >>asked
for word; do case "$word" in --outputFile.json=*) [ -f report.json ] && cp report.json "\${word#*=}" ;; esac; done
case " ${failing.join(" ")} " in *" $3 "*) exit 1 ;; esac
`;
  for (const [name, text] of [
    ["npx", npx],
    ["redis-server", "#!/bin/sh\n"],
    ["promtool", "#!/bin/sh\n"],
    ["chromium", "#!/bin/sh\n"],
  ] as const) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const path = [bin, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter);
  const run = spawnSync("bash", [".ci/run"], { cwd: folder, encoding: "utf8", env: { PATH: path } });
  const asked = join(folder, "asked");
  return {
    code: run.status,
    output: run.stdout,
    lastLine: run.stdout.trimEnd().split("\n").at(-1),
    asked: existsSync(asked) ? readFileSync(asked, "utf8").trim().split("\n") : [],
  };
};

test("installs, checks format, lint and types, runs the tests, and counts them in the last line", () => {
  const { code, lastLine, asked } = runCi({ report: aReport(12, 0) });
  expect(asked).toEqual(["install", "format:check", "lint", "typecheck", "bench:guard", "test"]);
  expect(lastLine).toBe("12 passed, 0 failed");
  expect(code).toBe(0);
});

test("a failed step counts as one, is named, and keeps no later step from running", () => {
  const { code, output, lastLine, asked } = runCi({ failing: ["format:check", "lint"], report: aReport(12, 0) });
  expect(asked.at(-1)).toBe("test");
  expect(output).toMatch(/^failed: format$/m);
  expect(output).toMatch(/^failed: lint$/m);
  expect(lastLine).toBe("12 passed, 2 failed");
  expect(code).toBe(1);
});

test("failed tests fail the run", () => {
  const { code, lastLine } = runCi({ failing: ["test"], report: aReport(10, 2) });
  expect(lastLine).toBe("10 passed, 2 failed");
  expect(code).toBe(1);
});

test("each test file that cannot be loaded is one failure", () => {
  const broken = { status: "failed", assertionResults: [] };
  const { code, lastLine } = runCi({ failing: ["test"], report: aReport(10, 0, [broken, broken]) });
  expect(lastLine).toBe("10 passed, 2 failed");
  expect(code).toBe(1);
});

test("an error outside of any test is one failure", () => {
  const { code, lastLine } = runCi({ failing: ["test"], report: aReport(10, 0) });
  expect(lastLine).toBe("10 passed, 1 failed");
  expect(code).toBe(1);
});

test("a run of no tests fails, with a report and without", () => {
  for (const told of [{ report: aReport(0, 0) }, {}]) {
    const { code, output, lastLine } = runCi(told);
    expect(output).toMatch(/^failed: tests \(none ran\)$/m);
    expect(lastLine).toBe("0 passed, 1 failed");
    expect(code).toBe(1);
  }
});
