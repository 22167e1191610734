import { expect, test } from "vitest";
import { collected } from "../core/avro-writer.testing.ts";
import { ObjectChanged } from "../core/object-changed.ts";
import { SourceUnavailable } from "../core/source-unavailable.ts";
import { loggedRead } from "./logged-read.ts";

const object = { key: "a", uri: "s3://b/a", version: "1", bytes: 1, landedAtMs: 0 };
const never = new AbortController().signal;

test("why an object is not read is said every 10 s at most, with how many there were, and the fault goes on", async () => {
  let nowMs = 0;
  let fault: Error = new SourceUnavailable("it lies in Glacier");
  const lines: object[] = [];
  const said: string[] = [];
  const say = (fields: object, message: string) => {
    lines.push(fields);
    said.push(message.split(":")[0] ?? "");
  };
  const log = { warn: say, info: say };
  const read = loggedRead(
    async function* () {
      yield Buffer.from("piece");
      throw fault;
    },
    { log, connector: "engagement", now: () => nowMs },
  );
  const tryOnce = (signal = never) => expect(collected(read(object, 0, signal))).rejects.toThrow(fault.message);
  await tryOnce();
  for (nowMs of [1, 5_000, 9_999, 10_000]) await tryOnce();
  expect(lines).toEqual([
    { err: fault, connector: "engagement", uri: "s3://b/a", times: 1 },
    { err: fault, connector: "engagement", uri: "s3://b/a", times: 4 },
  ]);
  nowMs = 50_000;
  await tryOnce(AbortSignal.abort());
  expect(lines).toHaveLength(2);
  const gone = new ObjectChanged("it is gone", { isGone: true });
  for (fault of [new ObjectChanged("it was replaced"), gone, gone]) await tryOnce();
  expect(said.slice(2)).toEqual(["object.replaced", "object.gone"]);
});
