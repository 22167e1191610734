import { makeCurrents } from "@currents-relay/sim/currents-maker/make-currents.ts";
import { existsSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aFolder, relayMain, runRelay, startCommand } from "./support/command-line.ts";

let made: string;
let clicks: string;
let damaged: string;
const eventTypes = ["users.messages.email.Click"];
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), "relay-map-"));
  const few = { eventTypes, events: 300, recordsPerBlock: 50 };
  const good = await makeCurrents({ ...few, into: join(made, "good"), anonymousShare: 0.1, seed: 3 });
  clicks = join(made, "good", good.files[0]?.path ?? "");
  const bad = await makeCurrents({ ...few, into: join(made, "bad"), corrupt: true });
  damaged = join(made, "bad", bad.files[0]?.path ?? "");
});
afterAll(() => rm(made, { recursive: true }));

interface Call {
  messageId: string;
  event: string;
  properties: Record<string, unknown>;
}
const callsIn = (stdout: string): Call[] =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Call);

/** An event as Braze's Custom HTTP connector sends it. */
const anEvent = (id: string, more: object = {}) => ({
  event_type: "users.messages.email.Open",
  id,
  time: 1_700_000_000,
  user: { user_id: "u", external_user_id: "e" },
  properties: { campaign_id: "c" },
  ...more,
});

test("an Avro file: one call a line on stdout, and nothing else there", async () => {
  const { code, stdout, stderr } = await runRelay(["map", clicks]);
  expect(code).toBe(0);
  const calls = callsIn(stdout);
  expect(calls.length).toBeGreaterThan(200);
  expect(new Set(calls.map(({ event }) => event))).toEqual(new Set(["Email Link Clicked"]));
  expect(stderr).toMatch(new RegExp(`^${calls.length} calls\\n${300 - calls.length} dropped: no-external-user-id \\(`));
});

test("a file that is damaged in the middle: what is good on both sides is mapped, the fault is told with its place", async () => {
  const { code, stdout, stderr } = await runRelay(["map", damaged]);
  expect(code).toBe(1);
  expect(callsIn(stdout)).toHaveLength(250);
  expect(stderr).toMatch(
    /1 part of the file cannot be read\n {2}unreadable: corrupt-block at byte \d+: .*reading goes on/,
  );
});

test.each([
  ["hello, this is text", "not-avro at byte 0"],
  ["", "empty-file at byte 0"],
  ["Obj\u0001", "truncated at byte 0"],
])("a file with %j is told to be no good, on stderr alone", async (content, reason) => {
  const folder = await aFolder({ file: content });
  const { code, stdout, stderr } = await runRelay(["map", "file"], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(reason);
});

test.each([
  ["nope.avro", "nope.avro cannot be read (ENOENT)"],
  [".", ". cannot be read (EISDIR)"],
])("%s cannot be opened: exit 66", async (file, message) => {
  const { code, stdout, stderr } = await runRelay(["map", file], { cwd: await aFolder() });
  expect({ code, stdout, stderr }).toEqual({ code: 66, stdout: "", stderr: `${message}\n` });
});

test.each([
  ["a Custom HTTP body", JSON.stringify({ events: [anEvent("a"), anEvent("b")] })],
  ["the same, laid out", JSON.stringify({ events: [anEvent("a"), anEvent("b")] }, undefined, 2)],
  ["a bare list", JSON.stringify([anEvent("a"), anEvent("b")])],
  ["one event a line", `${JSON.stringify(anEvent("a"))}\r\n\n${JSON.stringify(anEvent("b"))}`],
])("JSON as %s is mapped too", async (_, text) => {
  const { code, stdout, stderr } = await runRelay(["map", "-"], { stdin: `\uFEFF${text}\n` });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "2 calls\n" });
  expect(callsIn(stdout)).toMatchObject([{ messageId: "a", event: "Email Opened" }, { messageId: "b" }]);
});

test("events that cannot be mapped are told with their place, without their content", async () => {
  const events = [anEvent("a"), anEvent("", { secret: "hunter2" }), anEvent("c", { time: "hunter2" })];
  const lines = [...events.map((event) => JSON.stringify(event)), '{"hunter2'].join("\n");
  const { code, stdout, stderr } = await runRelay(["map", "-"], { stdin: lines });
  expect(code).toBe(1);
  expect(callsIn(stdout)).toHaveLength(1);
  expect(stderr).toContain("quarantined: missing-id");
  expect(stderr).toMatch(/quarantined: invalid-time: .* \(event 3\)/);
  expect(stderr).toMatch(/unreadable: bad-record at byte \d+: this is no JSON/);
  expect(stderr).not.toContain("hunter2");
});

test("with a configuration, a connector's own rules are used", async () => {
  const folder = await aFolder({
    "relay.yaml": `version: 1
workspaces:
  acme:
    segment: { writeKey: k }
    dedup: { scope: connector }
    connectors:
      plain: { source: { type: folder, path: . } }
      renamed:
        source: { type: folder, path: . }
        fields: { remove: [campaign_id] }
        eventNames: { users.messages.email.Open: Mail Read }
      clicks: { source: { type: folder, path: . }, events: ["*.Click"] }
`,
  });
  const map = (...args: string[]) =>
    runRelay(["map", "-", "--config", "relay.yaml", ...args], { cwd: folder, stdin: JSON.stringify(anEvent("a")) });
  const [renamed, plain, clicksOnly, none, unknown, elsewhere] = await Promise.all([
    map("--workspace", "acme", "--connector", "renamed"),
    map("--connector", "plain"),
    map("--connector", "clicks"),
    map(),
    map("--connector", "constructor"),
    map("--workspace", "other"),
  ]);
  const [call] = callsIn(renamed.stdout);
  expect(call).toMatchObject({ event: "Mail Read", properties: { campaign_id: "[REDACTED]" } });
  expect(call?.messageId).not.toBe("a");
  expect(callsIn(plain.stdout)).toMatchObject([{ event: "Email Opened" }]);
  expect(clicksOnly).toMatchObject({ code: 0, stdout: "" });
  expect(clicksOnly.stderr).toContain("1 dropped: not-selected");
  expect([none, unknown, elsewhere].map(({ code }) => code)).toEqual([64, 64, 64]);
  expect(none.stderr).toContain("--connector is missing; there are: plain, renamed, clicks");
  expect(unknown.stderr).toContain('there is no connector "constructor"');
  expect(elsewhere.stderr).toContain('there is no workspace "other"; there is: acme');
});

test("a reader that has seen enough ends the command in peace", async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => JSON.stringify(anEvent(`id-${index}`))).join("\n");
  const folder = await aFolder({ "many.ndjson": lines });
  const shell = `"$0" "$1" map many.ndjson | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await startCommand("bash", ["-c", shell, process.execPath, relayMain], { cwd: folder })
    .ended;
  const [call, code] = stdout.trim().split("\n");
  expect(JSON.parse(call ?? "")).toMatchObject({ messageId: "id-0" });
  expect(code).toBe("0");
  expect(stderr).not.toMatch(/EPIPE|Error/);
});

test.runIf(existsSync("/dev/full"))("an output that cannot be written is said in one line, and fails it", async () => {
  for (const args of [["map", clicks], ["--help"]]) {
    const shell = `"$0" "$@" > /dev/full`;
    const { code, stderr } = await startCommand("sh", ["-c", shell, process.execPath, relayMain, ...args]).ended;
    expect(code, args[0]).toBe(1);
    expect(stderr).toContain("relay: the output cannot be written: ENOSPC");
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});

test("types that are named like what every object has are counted like others", async () => {
  const types = ["constructor", "constructor", "__proto__", "toString"];
  const lines = types.map((event_type, index) => JSON.stringify(anEvent(`id-${index}`, { event_type }))).join("\n");
  const { code, stderr } = await runRelay(["map", "-"], { stdin: lines });
  expect(code).toBe(0);
  for (const said of ["2 of constructor,", "1 of __proto__,", "1 of toString,"])
    expect(stderr).toMatch(new RegExp(`^${said} which the catalog does not have`, "m"));
});

test("a big file is mapped in little memory, by a reader that takes its time", async () => {
  const folder = await aFolder();
  const big = await makeCurrents({ into: folder, eventTypes, events: 60_000, eventsPerFile: 60_000 });
  const file = join(folder, big.files[0]?.path ?? "");
  expect((await stat(file)).size).toBeGreaterThan(30e6);
  const tellPeak = `process.on("exit",()=>console.error("peak",process.resourceUsage().maxRSS))`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tellPeak)}` };
  const slowReader = `"$0" "$1" map "$2" | (read -r first; sleep 1; wc -l)`;
  const result = await startCommand("bash", ["-c", slowReader, process.execPath, relayMain, file], { env }).ended;
  expect(result).toMatchObject({ code: 0, stdout: "59999\n" });
  // Calls alone would be 80 MB as text, on top of some 110 MB of Node and the code.
  expect(Number(/peak (\d+)/.exec(result.stderr)?.[1]) / 1e3).toBeLessThan(200);
});
