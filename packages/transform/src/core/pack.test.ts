import { batchLimits } from "@currents-relay/shared/contracts/call.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOfCall } from "./call-text.ts";
import { bodyBytes, callSeparator, pack } from "./pack.ts";

const aCall = (json: string) => {
  const page = Buffer.from(json);
  return { json: { page, start: 0, end: page.length } };
};
const ofBytes = (bytes: number) => aCall("x".repeat(bytes));

describe("packing calls into request bodies", () => {
  it("keeps every call once, in order, and every body within the limits", () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 2, max: 32_768 }), fc.constant(2)), { maxLength: 1_200 });
    fc.assert(
      fc.property(sizes, (bytes) => {
        const calls = bytes.map(ofBytes);
        const bodies = pack(calls);
        expect(bodies.flatMap((body) => body.calls)).toEqual(calls);
        for (const body of bodies) {
          expect(body.calls.length).toBeGreaterThan(0);
          expect(body.calls.length).toBeLessThanOrEqual(batchLimits.maxCalls);
          expect(body.bytes).toBeLessThanOrEqual(batchLimits.maxBytes);
          expect(bodyBytes(body)).toEqual(
            Buffer.from(body.calls.map(({ json }) => bytesOfCall(json)).join(callSeparator)),
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  it("opens no second body before the first is full", () => {
    expect(pack([ofBytes(240_000), ofBytes(239_998)])).toHaveLength(1);
    expect(pack([ofBytes(240_000), ofBytes(239_999)])).toHaveLength(2);
    expect(pack(Array.from({ length: 501 }, () => ofBytes(2))).map(({ calls }) => calls.length)).toEqual([500, 1]);
  });

  it("gives bodies that fall apart into the same calls, whatever text is in them", () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom(",", "\n", '"', "\\", "\ud800", "😀") }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(texts, (values) => {
        const calls = values.map((value) => aCall(JSON.stringify({ value: `${value},\n` })));
        const [body] = pack(calls);
        expect(body && bodyBytes(body).toString().split(callSeparator)).toEqual(
          calls.map(({ json }) => bytesOfCall(json).toString()),
        );
      }),
    );
  });

  it("takes a body from where its calls lie, only if nothing else lies between them", () => {
    const memory = Buffer.alloc(34); // never of Node's pool
    memory.write('{"a":1},\n{"b":2},\n{"c":3};\n{"d":4}');
    const at = (from: number) => ({ json: { page: memory, start: from, end: from + 7 } });
    const bodyOf = (...froms: number[]) => bodyBytes(pack(froms.map(at))[0] ?? { calls: [], bytes: 0 });
    expect(bodyOf(0, 9, 18).buffer).toBe(memory.buffer);
    expect(bodyOf(9, 18).toString()).toBe('{"b":2},\n{"c":3}');
    for (const froms of [
      [0, 18],
      [9, 0],
      [18, 27],
      [27, 0],
    ]) {
      const body = bodyOf(...froms);
      expect(body.buffer).not.toBe(memory.buffer);
      expect(body.toString()).toBe(froms.map((from) => bytesOfCall(at(from).json).toString()).join(callSeparator));
    }
    expect(bodyOf(0).toString()).toBe('{"a":1}');
    const elsewhere = { json: { page: Buffer.from('........,{"e":5}'), start: 9, end: 16 } };
    const [mixed] = pack([at(0), elsewhere]);
    expect(mixed && bodyBytes(mixed).toString()).toBe('{"a":1},\n{"e":5}');
  });

  it("makes nothing of nothing, and refuses a call that no body can hold", () => {
    expect(pack([])).toEqual([]);
    expect(() => pack([ofBytes(batchLimits.maxBytes + 1)])).toThrow("cannot be packed");
  });
});
