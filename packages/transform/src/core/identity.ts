import type { AvroValue, EventRecord } from "@currents-relay/shared/contracts/event.ts";
import { messageIdMaker } from "@currents-relay/shared/core/message-id.ts";
import { drop, ok, quarantine, type Outcome } from "@currents-relay/shared/core/outcome.ts";
import type { FieldTransform } from "./field-rules.ts";
import type { ConnectorRules } from "./rules.ts";

/** Who did it, and by what name the event is known: to our dedup (`id`) and to Segment's (`messageId`). */
export interface Identity {
  id: string;
  messageId: string;
  /** Braze's external_user_id; absent for an anonymous user. */
  userId: string | undefined;
  /** Braze's own id of the user. */
  anonymousId: string;
}

/** An id or a name as text; undefined: there is none (absent, null, empty, or nothing that could be one). */
export const textOf = (value: AvroValue | undefined): string | undefined => {
  if (typeof value === "string") return value === "" ? undefined : value.toWellFormed();
  if (typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value))) return String(value);
  return undefined;
};

/**
 * Reads the identity of an event. Without an id the record is damaged: quarantine. Without an external_user_id (null,
 * absent, empty) the user is anonymous: dropped, unless the connector takes those too. Only then is a missing user_id
 * looked at, and quarantined: an inbound message from a number that Braze does not know has neither, rightly.
 */
export const compileIdentity = (
  rules: Pick<ConnectorRules, "anonymousUsers" | "salt">,
  transforms: ReadonlyMap<string, FieldTransform>,
): ((record: EventRecord) => Outcome<Identity>) => {
  const messageIdOf = messageIdMaker(rules.salt);
  const transformed = (field: string, text: string): string => transforms.get(field)?.(text) ?? text;

  return (record) => {
    const id = textOf(record.id);
    if (id === undefined) return quarantine("missing-id", new Error("the record has no id"));
    const externalUser = textOf(record.external_user_id);
    if (externalUser === undefined && !rules.anonymousUsers) return drop("no-external-user-id");
    const user = textOf(record.user_id);
    if (user === undefined) return quarantine("missing-user-id", new Error("the record has no user_id"));
    return ok({
      id,
      messageId: messageIdOf(id),
      userId: externalUser === undefined ? undefined : transformed("external_user_id", externalUser),
      anonymousId: transformed("user_id", user),
    });
  };
};
