import { expect, it } from "vitest";
import { scopesInTurn, type Turn } from "./turns.ts";

const nowMs = 1_800_000_000_000;
const quiet = (listedIn: number): Turn => ({ listedIn, newestMs: nowMs - 3_600_000 });
const busy = (listedIn: number): Turn => ({ listedIn, newestMs: nowMs - 60_000 });

it("lists every busy event type in each round, and as many quiet ones as there is room for, longest unlisted first", () => {
  const scopes = Array.from({ length: 20 }, (_, index) => `type-${index}`);
  const turns = new Map(scopes.map((scope, index) => [scope, index < 2 ? busy(30) : quiet(30 - index)]));
  const listed = scopesInTurn(scopes, turns, { nowMs, most: 8 });
  expect(listed.toSorted()).toEqual(["type-0", "type-1", ...scopes.slice(-6)].toSorted());
});

it("lists an event type that it never listed at once", () => {
  expect(scopesInTurn(["new"], new Map(), { nowMs, most: 0 })).toEqual(["new"]);
});

it("gives every quiet one its turn, however many are busy", () => {
  const turns = new Map<string, Turn>();
  const scopes = Array.from({ length: 80 }, (_, index) => `type-${index}`);
  for (const [index, scope] of scopes.entries()) turns.set(scope, index < 50 ? busy(0) : quiet(0));
  const listed = new Set<string>();
  for (let round = 1; round <= 8; round++)
    for (const scope of scopesInTurn(scopes, turns, { nowMs, most: 32 })) {
      listed.add(scope);
      turns.set(scope, { ...(turns.get(scope) ?? quiet(0)), listedIn: round });
    }
  expect(listed.size).toBe(80);
});
