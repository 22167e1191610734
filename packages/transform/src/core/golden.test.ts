import type { EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { exportedEventTypes, unexportedEventTypes } from "@currents-relay/shared/contracts/event-types.ts";
import { describe, expect, it } from "vitest";
import { glossary, knownEventTypes } from "./catalog.ts";
import { compileMapper } from "./map-event.ts";
import { aFullRecord, aGeneralRecord, aSparseRecord, someRules } from "./testing/records.ts";

/** How a type is mapped whose name nobody has listed. */
const newTypes = ["users.messages.email.Retry", "users.messages.banner.Fold", "users.messages.hologram.LinkClick"];

const mapped = (eventType: string, record: EventRecord, anonymousUsers: boolean) => {
  const mapper = compileMapper({ eventType, fields: Object.keys(record), rules: someRules({ anonymousUsers }) });
  return mapper(record);
};

// `vitest run golden -u` writes the files anew; read their difference like code.
describe("the call that becomes of each event type", () => {
  it.each(Object.keys(glossary))("%s is mapped as its golden file shows", async (eventType) => {
    const outcomes = {
      full: mapped(eventType, aFullRecord(eventType), false),
      sparse: mapped(eventType, aSparseRecord(eventType), true),
    };
    await expect(`${JSON.stringify(outcomes, null, 2)}\n`).toMatchFileSnapshot(`./golden/${eventType}.json`);
  });

  it.each([...knownEventTypes.filter((type) => !(type in glossary)), ...newTypes])(
    "%s, which the glossary does not have, is mapped by the general rules",
    async (eventType) => {
      const outcomes = { general: mapped(eventType, aGeneralRecord(), false) };
      await expect(`${JSON.stringify(outcomes, null, 2)}\n`).toMatchFileSnapshot(`./golden/${eventType}.json`);
    },
  );

  it("the types of the catalog and of Braze's older lists are those that the configuration knows", () => {
    const dotted = knownEventTypes.filter((type) => type.includes("."));
    expect(dotted.toSorted()).toEqual([...exportedEventTypes, ...unexportedEventTypes].toSorted());
    expect(Object.keys(glossary)).toHaveLength(81);
  });
});
