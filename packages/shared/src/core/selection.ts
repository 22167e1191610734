import picomatch from "picomatch";
import { exportedEventTypes, unexportedEventTypes } from "../contracts/event-types.ts";

export type Selection = (eventType: string) => boolean;

const matcherOf = (glob: string): Selection => {
  const matches = picomatch(glob, { bash: true, dot: true });
  // picomatch takes more arguments, so it must not be handed to some() or filter() as it is.
  return (eventType) => matches(eventType);
};

/** Why a text can be no glob of event types, and what to do; undefined when it can. */
export const faultOfGlob = (glob: string): string | undefined => {
  if (/^!*$/.test(glob)) return 'names no event type; write one behind it, such as "!users.messages.email.Open"';
  try {
    matcherOf(withoutNegation(glob));
    return undefined;
  } catch {
    return 'cannot be read as a glob; write event types, with "*" for any run of characters';
  }
};

/**
 * Compiles a connector's `events` globs; `*` matches any run of characters, dots included, and `!glob` takes types out
 * again. Left out (or with nothing but `!globs`) every type is selected but those that Braze never exports to Segment:
 * a type newer than our catalog passes rather than vanishes. Throws where {@link faultOfGlob} finds a fault.
 */
export const compileSelection = (globs: readonly string[] | undefined): Selection => {
  const [without, including] = [globs?.filter(isNegated) ?? [], globs?.filter((glob) => !isNegated(glob)) ?? []];
  const included = including.map(matcherOf);
  const excluded = without.map((glob) => matcherOf(withoutNegation(glob)));
  const isIncluded: Selection =
    included.length > 0
      ? (eventType) => included.some((matches) => matches(eventType))
      : (eventType) => !unexportedEventTypes.includes(eventType);
  return (eventType) => isIncluded(eventType) && !excluded.some((matches) => matches(eventType));
};

const isNegated = (glob: string): boolean => glob.startsWith("!");

const withoutNegation = (glob: string): string => glob.replace(/^!/, "");

/** The known event types that both selections take, and the patterns that are in both word for word. */
export const overlappingTypes = (a: readonly string[] | undefined, b: readonly string[] | undefined): string[] => {
  const [selectedByA, selectedByB] = [compileSelection(a), compileSelection(b)];
  const known = exportedEventTypes.filter((type) => selectedByA(type) && selectedByB(type));
  const sameUnknown = (a ?? []).filter(
    (glob) => !isNegated(glob) && b?.includes(glob) && !exportedEventTypes.some(matcherOf(glob)),
  );
  return [...known, ...sameUnknown];
};
