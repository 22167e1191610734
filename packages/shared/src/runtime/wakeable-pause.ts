/**
 * A pause that can be cut short; a wake that comes before the pause counts too. There may be hundreds of them a second: a
 * signal's listener costs more than the timer.
 */
export const wakeablePause = () => {
  let awake = false;
  let wake = () => {
    awake = true;
  };
  const setAwake = wake;
  return {
    wake: () => wake(),
    pause: (ms: number) =>
      new Promise<void>((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          wake = setAwake;
          awake = false;
          resolve();
        };
        const timer = setTimeout(finish, ms);
        wake = finish;
        if (awake) finish();
      }),
  };
};
