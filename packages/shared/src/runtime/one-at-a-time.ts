/** Runs one thing after the other, in the order asked for; one that fails does not stop the next. */
export const oneAtATime = () => {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.catch(() => undefined).then(work);
    last = turn;
    return turn;
  };
};
