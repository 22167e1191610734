import { countText } from "../core/count-text.ts";
import { z } from "zod";
import { parseDurationMs } from "./duration.ts";
import { Secret } from "./secret.ts";
import { parseSizeBytes } from "./size.ts";

/** What a person is told that a setting may be; a schema that has one is shown as one setting. */
export const kinds = z.registry<{ kind: string; isSecret?: boolean }>();

/** Messages that begin so are followed by what was found instead (see faults-of-schema.ts). */
export const expected = (kind: string): string => `expected ${kind}`;

/** May be empty. */
export const anyText = () => z.string(expected("text")).register(kinds, { kind: "text" });

export const text = (kind = "text") => z.string(expected(kind)).min(1, expected(kind)).register(kinds, { kind });

export const textMatching = (pattern: RegExp, kind: string) =>
  z.string(expected(kind)).regex(pattern, expected(kind)).register(kinds, { kind });

/** Never a part of a message; read as a {@link Secret}. `pattern` and its fault say what else it must be. */
export const secretText = (pattern = /[^]/, fault = "is empty") =>
  z
    .string(expected("text (in quotes, where it looks like a number)"))
    .regex(pattern, fault)
    .transform((value) => new Secret(value))
    .register(kinds, { kind: "secret", isSecret: true });

export const url = (protocols: RegExp, kind: string) =>
  z.url({ protocol: protocols, error: expected(kind) }).register(kinds, { kind });

export const secretUrl = (protocols: RegExp, kind: string) =>
  z
    .url({ protocol: protocols, error: expected(kind) })
    .transform((value) => new Secret(value))
    .register(kinds, { kind, isSecret: true });

export const oneOf = <const Values extends readonly string[]>(values: Values) => {
  const kind = values.length === 1 ? String(values[0]) : `one of ${values.join(", ")}`;
  return z.enum(values, expected(kind)).register(kinds, { kind });
};

/** Numbers and flags may come as text too, because `${NAME}` always gives text. */
export const wholeNumber = (min: number, max: number) => {
  const kind = `a whole number from ${countText(min)} to ${countText(max)}`;
  const error = expected(kind);
  return z
    .preprocess(
      (value) => (typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value),
      z.int(error).min(min, error).max(max, error),
    )
    .register(kinds, { kind });
};

export const flag = () =>
  z
    .preprocess(
      (value) => (value === "true" ? true : value === "false" ? false : value),
      z.boolean(expected("true or false")),
    )
    .register(kinds, { kind: "true or false" });

interface Quantity {
  parse: (text: string) => number | undefined;
  what: string;
  units: string;
}

const quantity = ({ parse, what, units }: Quantity, min: string, max: string) => {
  const kind = `${what} from ${min} to ${max}`;
  const error = `${expected(kind)}, with its unit (${units})`;
  const [least = 0, most = Infinity] = [parse(min), parse(max)];
  return z
    .string(error)
    .transform((value, context) => {
      const amount = parse(value);
      if (amount === undefined) context.addIssue(error);
      else if (amount < least || amount > most) context.addIssue(expected(kind));
      return amount ?? 0;
    })
    .register(kinds, { kind });
};

/** Read in milliseconds. */
export const duration = (min: string, max: string) =>
  quantity({ parse: parseDurationMs, what: "a duration", units: "ms, s, m, h, d" }, min, max);

/** Read in bytes. */
export const size = (min: string, max: string) =>
  quantity({ parse: parseSizeBytes, what: "a size", units: "B, KB, MB, GB" }, min, max);

export const listOf = (kind: string) =>
  z.array(text(kind), expected(`a list: [${kind}, ...]`)).register(kinds, { kind: `list: ${kind}` });
