import type { EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { makeRecord } from "./make-record.ts";
import { seededRandom } from "./random.ts";

/**
 * Makers of test data: each call gives the same valid record, with the given fields in place of its own. A test that
 * needs several events gives each its `id`.
 */
export const anEvent = (eventType: string, overrides: EventRecord = {}): EventRecord =>
  makeRecord(eventType, seededRandom(1), overrides);

export const anEmailClick = (overrides: EventRecord = {}): EventRecord =>
  anEvent("users.messages.email.Click", overrides);

export const anEmailOpen = (overrides: EventRecord = {}): EventRecord =>
  anEvent("users.messages.email.Open", overrides);

export const aPushSend = (overrides: EventRecord = {}): EventRecord =>
  anEvent("users.messages.pushnotification.Send", overrides);

export const aCustomEvent = (overrides: EventRecord = {}): EventRecord =>
  anEvent("users.behaviors.CustomEvent", overrides);

export const aPurchase = (overrides: EventRecord = {}): EventRecord => anEvent("users.behaviors.Purchase", overrides);
