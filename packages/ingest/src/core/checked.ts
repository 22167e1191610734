import type { QuarantineReason } from "@currents-relay/shared/contracts/reasons.ts";
import type { Outcome } from "@currents-relay/shared/core/outcome.ts";

/** The two outcomes that bytes can have: they are good, or an engineer looks. */
export type Checked<T> = Extract<Outcome<T>, { kind: "ok" | "quarantine" }>;

export type Bad = Checked<never> & { kind: "quarantine" };

export const good = <T>(value: T): Checked<T> => ({ kind: "ok", value });

export const bad = (reason: QuarantineReason, message: string, cause?: unknown): Bad => ({
  kind: "quarantine",
  reason,
  cause: new Error(message, { cause }),
});
