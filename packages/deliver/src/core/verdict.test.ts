import { expect, test } from "vitest";
import type { Answer } from "./answer.ts";
import { type Verdict, verdictNames, verdictOf } from "./verdict.ts";

const nowMs = Date.UTC(2026, 10, 23, 12, 0, 0);
const answered = (status: number, retryAfter?: string): Verdict =>
  verdictOf({ kind: "response", status, ...(retryAfter === undefined ? {} : { retryAfter }) }, nowMs);
const everyStatus = Array.from({ length: 500 }, (_, index) => index + 100);
const statusesThat = (kind: Verdict["kind"]): number[] =>
  everyStatus.filter((status) => answered(status).kind === kind);

test("2xx is delivered, and nothing else is", () => {
  expect(statusesThat("delivered")).toEqual(everyStatus.filter((status) => status >= 200 && status < 300));
});

test("a page in place of Segment's own answer is no delivery", () => {
  const withText = (text: string) => verdictOf({ kind: "response", status: 200, text }, nowMs);
  for (const page of ["<!DOCTYPE html><html>", " \n<html>", "<?xml"])
    expect(withText(page)).toMatchObject({
      kind: "wait",
      name: "unexpected-status",
      why: expect.stringContaining("proxy"),
    });
  for (const text of ['{"success":true}', "", "OK"]) expect(withText(text).kind).toBe("delivered");
});

test("only answers that speak of the body split a batch", () => {
  expect(statusesThat("split")).toEqual([400, 413, 422]);
  expect(answered(400)).toMatchObject({ reason: "rejected", name: "rejected" });
  expect(answered(413)).toMatchObject({ reason: "too-large-for-segment", name: "too-large-for-segment" });
});

test("401, 403 and 404 are a credential outage, each with its own reason", () => {
  expect(statusesThat("outage")).toEqual([401, 403, 404]);
  expect([401, 403, 404].map((status) => answered(status).name)).toEqual(["unauthorized", "forbidden", "not-found"]);
});

test("every other status is ours to wait for, under a name of the closed list", () => {
  expect([302, 405, 408, 410, 429, 500, 503].map((status) => answered(status).name)).toEqual([
    "redirected",
    "unexpected-status",
    "timeout",
    "unexpected-status",
    "rate-limited",
    "server-error",
    "server-error",
  ]);
  for (const status of everyStatus) expect(verdictNames).toContain(answered(status).name);
});

test("Retry-After is handed on in full, as seconds or as a date, whatever the status that waits", () => {
  for (const status of [302, 429, 500, 503]) {
    expect(answered(status, "3600")).toMatchObject({ kind: "wait", afterMs: 3_600_000 });
    expect(answered(status, "Mon, 23 Nov 2026 12:00:07 GMT")).toMatchObject({ kind: "wait", afterMs: 7_000 });
  }
  expect(answered(429)).not.toHaveProperty("afterMs");
  expect(answered(429, "later")).not.toHaveProperty("afterMs");
});

test("a token server that refuses the credentials is an outage, one in trouble is waited for", () => {
  const token = (status?: number): Verdict["kind"] =>
    verdictOf({ kind: "oauth", message: "no token", ...(status === undefined ? {} : { status }) }, nowMs).kind;
  expect([400, 401, 403, 404, 415].map(token)).toEqual(Array(5).fill("outage"));
  expect([200, 302, 408, 429, 500, 503].map(token)).toEqual(Array(6).fill("wait"));
  expect(token(undefined), "a private key that cannot sign").toBe("outage");
  expect(verdictOf({ kind: "oauth", status: 429, retryAfter: "9", message: "" }, nowMs)).toMatchObject({
    afterMs: 9_000,
  });
});

test("what the network does is waited for", () => {
  const answers: Answer[] = [
    { kind: "network", code: "ECONNRESET", message: "read ECONNRESET" },
    { kind: "timeout", afterMs: 10_000 },
  ];
  expect(answers.map((answer) => verdictOf(answer, nowMs))).toMatchObject([
    { kind: "wait", name: "network" },
    { kind: "wait", name: "timeout" },
  ]);
});

test("a batch that the client library refuses is split, so that one call cannot hold up the others", () => {
  expect(verdictOf({ kind: "refused", message: "over 32 KB" }, nowMs)).toMatchObject({
    kind: "split",
    reason: "rejected",
    why: "over 32 KB",
  });
});
