import { compileSelection } from "@currents-relay/shared/core/selection.ts";
import { expect, test } from "vitest";
import { inRereadOrder, isAsked, rereadRunOf } from "./reread.ts";

const at = (time: string): number => Date.parse(`${time}Z`);
const folder = "dataexport.prod-01.S3.integration.1a";
const anObject = (hour: string, landed: string, type = "users.messages.email.Open") => ({
  key: `${folder}/event_type=${type}/date=${hour}/17/us-01/dataexport.prod-01.S3.integration.1a+0+0.avro`,
  landedAtMs: at(landed),
});
const day = { fromMs: at("2026-11-02T00:00"), toMs: at("2026-11-03T00:00") };

test("an object belongs to the hour in its path, not to when it was copied; --to is not in it", () => {
  expect(isAsked(anObject("2026-11-02-00", "2026-11-20T10:00"), day)).toBe("yes");
  expect(isAsked(anObject("2026-11-02-23", "2026-11-01T10:00"), day)).toBe("yes");
  expect(isAsked(anObject("2026-11-03-00", "2026-11-02T10:00"), day)).toBe("no");
  expect(isAsked(anObject("2026-11-01-23", "2026-11-02T10:00"), day)).toBe("no");
});

test("an hour of which a part is asked for is read as a whole, and so is a day", () => {
  const object = anObject("2026-11-02-10", "2026-11-20T10:00");
  const asked = (from: string, to: string) => isAsked(object, { fromMs: at(from), toMs: at(to) });
  expect(asked("2026-11-02T10:30", "2026-11-02T10:50")).toBe("yes");
  expect(asked("2026-11-02T10:59", "2026-11-02T12:00")).toBe("yes");
  expect(asked("2026-11-02T11:00", "2026-11-02T12:00")).toBe("no");
  expect(asked("2026-11-02T09:00", "2026-11-02T10:00")).toBe("no");
  const ofDay = { ...object, key: object.key.replace("-10/", "/") };
  const inDay = (from: string, to: string) => isAsked(ofDay, { fromMs: at(from), toMs: at(to) });
  expect(ofDay.key).toContain("/date=2026-11-02/");
  expect(inDay("2026-11-02T10:00", "2026-11-02T12:00")).toBe("yes");
  expect(inDay("2026-11-01T10:00", "2026-11-02T00:00")).toBe("no");
  expect(inDay("2026-11-03T00:00", "2026-11-03T10:00")).toBe("no");
});

test("a key that says nothing belongs to when it was written, and to no event type", () => {
  const object = { key: "copied/by-hand.avro", landedAtMs: at("2026-11-02T12:00") };
  expect(isAsked(object, day)).toBe("yes");
  expect(isAsked({ ...object, landedAtMs: at("2026-11-03T12:00") }, day)).toBe("no");
  expect(isAsked(object, { ...day, events: compileSelection(["*.Open"]) })).toBe("type-unknown");
});

test("only the event types that were asked for", () => {
  const opens = { ...day, events: compileSelection(["users.messages.email.Open"]) };
  expect(isAsked(anObject("2026-11-02-00", "2026-11-02T00:00"), opens)).toBe("yes");
  expect(isAsked(anObject("2026-11-02-00", "2026-11-02T00:00", "users.messages.email.Click"), opens)).toBe("no");
});

test("the oldest come first, over all event types", () => {
  const [late, early] = [anObject("2026-11-02-05", "2026-11-02T05:00"), anObject("2026-11-02-01", "2026-11-02T09:00")];
  expect(inRereadOrder([late, early])).toEqual([early, late]);
});

test("the same words are the same run, others are another", () => {
  expect(rereadRunOf(["backfill", 1, 2])).toBe(rereadRunOf(["backfill", 1, 2]));
  expect(rereadRunOf(["backfill", 1, 2])).not.toBe(rereadRunOf(["backfill", 12]));
});
