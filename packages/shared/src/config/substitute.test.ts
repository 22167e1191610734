import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { substitute } from "./substitute.ts";

const withVariables = (value: unknown, variables: Record<string, string | undefined> = {}, folder = "/etc/relay") =>
  substitute(value, { variables, folder });

const aFolderWith = (files: Record<string, string>): string => {
  const folder = mkdtempSync(join(tmpdir(), "relay-secrets-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};

test("references are filled in everywhere in a text, in lists and in settings", () => {
  const { value, faults } = withVariables(
    { a: "x-${A}-${B}-y", b: ["${A}"], c: { d: "${B}" }, e: 5 },
    { A: "1", B: "2" },
  );
  expect(value).toEqual({ a: "x-1-2-y", b: ["1"], c: { d: "2" }, e: 5 });
  expect(faults).toEqual([]);
});

test("two dollar signs stand for a literal reference", () => {
  expect(withVariables("$${A} ${A} $ $$ $A", { A: "1" }).value).toBe("${A} 1 $ $$ $A");
});

test("what was filled in is not looked at again", () => {
  expect(withVariables("${A}", { A: "${B}", B: "2" })).toMatchObject({ value: "${B}", faults: [] });
});

test("a secret file is read beside the configuration, without the end of its last line", () => {
  const folder = aFolderWith({ unix: "one\ntwo\n", windows: "three\r\n", bare: "four" });
  const { value, faults, files } = withVariables(
    ["${file:unix}", "${file:windows}", `\${file:${folder}/bare}`],
    {},
    folder,
  );
  expect(value).toEqual(["one\ntwo", "three", "four"]);
  expect(faults).toEqual([]);
  expect([...files.keys()]).toEqual(["unix", "windows", "bare"].map((name) => join(folder, name)));
});

test.each([
  ["${NOPE}", "the environment variable NOPE is not set"],
  ["${EMPTY}", "the environment variable EMPTY is empty"],
  ["${constructor}", "the environment variable constructor is not set"],
  ["${file:nope}", "the secret file /etc/relay/nope cannot be read: it does not exist"],
  ["${file:/}", "the secret file / cannot be read: it is a folder"],
  ["${}", "a reference cannot be read; write ${NAME}"],
  ["${A:-default}", "a reference cannot be read; write ${NAME}"],
  ["${A", "a reference is not closed with }"],
])("%s is a fault: %s", (text, message) => {
  const { faults } = withVariables({ a: [text] }, { EMPTY: "" });
  expect(faults).toEqual([{ path: ["a", 0], message: expect.stringContaining(message) }]);
});

test("an empty secret file is a fault, and is followed none the less", () => {
  const folder = aFolderWith({ empty: "\n" });
  const { faults, files } = withVariables("${file:empty}", {}, folder);
  expect(faults).toEqual([{ path: [], message: `the secret file ${join(folder, "empty")} is empty` }]);
  expect(files.size).toBe(1);
});

test("every reference that leads nowhere is listed, also two in one text", () => {
  expect(withVariables(["${A} ${B}", { c: "${C}" }]).faults.map(({ path }) => path)).toEqual([[0], [0], [1, "c"]]);
});
