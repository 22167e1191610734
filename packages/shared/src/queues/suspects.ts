let isOneInside = false;

/**
 * Jobs that have ended their worker before run one at a time in a process, whatever their queue: when the one that is
 * poison ends the process again, no other one is in hand to be blamed with it. Answers with how to leave, or with
 * undefined while another one is inside.
 */
export const enterAsSuspect = (): (() => void) | undefined => {
  if (isOneInside) return undefined;
  isOneInside = true;
  return () => {
    isOneInside = false;
  };
};
