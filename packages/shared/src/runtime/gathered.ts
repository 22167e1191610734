import { setTimeout as delay } from "node:timers/promises";

/** How long the first of them waits for others. */
const gatherMs = 20;

/**
 * Asks questions that are not urgent, all that come within 20 ms at once: hundreds of workspaces that each look now and
 * then cost a few commands then. `askAll` answers in the order of the questions; when it rejects, all who asked learn it.
 */
export const gathered = <Question, Answer>(
  askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): ((question: Question) => Promise<Answer>) => {
  let open: { questions: Question[]; answers: Promise<readonly Answer[]> } | undefined;

  const gather = () => {
    const questions: Question[] = [];
    const answers = delay(gatherMs).then(() => {
      open = undefined;
      return askAll(questions);
    });
    return { questions, answers };
  };

  return async (question) => {
    open ??= gather();
    const { questions, answers } = open;
    const index = questions.push(question) - 1;
    const all = await answers;
    if (all.length !== questions.length)
      throw new Error(`${questions.length} questions were asked at once, and ${all.length} were answered`);
    return all[index] as Answer; // there are as many
  };
};
