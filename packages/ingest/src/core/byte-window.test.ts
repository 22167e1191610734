import { afterEach, expect, it, vi } from "vitest";
import { inPieces } from "./avro-writer.testing.ts";
import { byteWindow } from "./byte-window.ts";

afterEach(() => void vi.restoreAllMocks());

it("holds what was read across pieces, in order, from where it was told to begin", async () => {
  const window = byteWindow(inPieces(Buffer.from("0123456789abcdef"), [3, 5]), 100);
  expect(await window.fill(4)).toBe(true);
  window.drop(2);
  expect(await window.fill(9)).toBe(true);
  expect(window.held().toString("latin1", 0, 9)).toBe("23456789a");
  expect(window.offset()).toBe(102);
  expect(await window.fill(15)).toBe(false);
  expect(window.held().toString()).toBe("23456789abcdef");
});

it("does not move all that it holds for each of many small steps through large claims", async () => {
  const claimed = 1024 * 1024;
  const steps = 5_000;
  const window = byteWindow(inPieces(Buffer.alloc(2 * claimed, 7), [30_000]), 0);
  const copied = vi.spyOn(Buffer.prototype, "copy");
  for (let step = 0; step < steps; step++) {
    expect(await window.fill(claimed)).toBe(true);
    window.drop(22);
  }
  expect(copied.mock.calls.length).toBeLessThan(10);
});

it("takes no memory for what is claimed before it comes", async () => {
  const window = byteWindow(inPieces(Buffer.from("short")), 0);
  const taken = vi.spyOn(Buffer, "allocUnsafeSlow");
  expect(await window.fill(64 * 1024 * 1024)).toBe(false);
  expect(Math.max(0, ...taken.mock.calls.map(([bytes]) => bytes))).toBeLessThan(100_000);
  expect(window.held().toString()).toBe("short");
});
