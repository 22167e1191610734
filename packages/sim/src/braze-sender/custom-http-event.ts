/** A stored record as Braze's Custom HTTP connector sends it. Source: Braze's Custom HTTP connector, read 2026-11-23. */
export interface CustomHttpEvent {
  event_type: string;
  id: unknown;
  time: unknown;
  user: Record<string, unknown>;
  properties: Record<string, unknown>;
}

const userFields = ["user_id", "external_user_id", "device_id", "timezone"];

/** The record's own fields go to `user` or `properties`; what is null is left out. */
export const customHttpEvent = (eventType: string, record: Readonly<Record<string, unknown>>): CustomHttpEvent => {
  const { id, time, ...rest } = record;
  const given = Object.entries(rest)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([field, value]): [string, unknown] => [field, inJson(value)]);
  const part = (isUsers: boolean) =>
    Object.fromEntries(given.filter(([field]) => userFields.includes(field) === isUsers));
  return { event_type: eventType, id, time: inJson(time), user: part(true), properties: part(false) };
};

/** Avro's longs are read as bigint where they are large; JSON has one kind of number. */
const inJson = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);
