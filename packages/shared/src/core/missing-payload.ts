import { type Outcome, quarantine, retry } from "./outcome.ts";

const askAgainMs = 5_000;
/** Far beyond any crash that is being repaired: a giver's job is taken over within half a minute. */
const giveUpAfterMs = 3_600_000;

/**
 * What to do with a job whose payload is not in the spool. Young: its giver has not finished handing it over, or runs
 * again after a crash, so it is waited for. Old: somebody has removed it from Redis, and a person has to know.
 */
export const missingPayload = (id: string, ageMs: number): Outcome<never> => {
  const cause = new Error(`the payload of ${id} is not in the spool`);
  return ageMs < giveUpAfterMs ? retry(askAgainMs, cause) : quarantine("spool-missing", cause);
};
