/** CPU microseconds of this process, all threads. */
const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const warmUpMs = 400;
const measuredMs = 800;

const repeatFor = async (ms: number, work: () => unknown): Promise<number> => {
  const endMs = performance.now() + ms;
  let times = 0;
  do {
    await work();
    times += 1;
  } while (performance.now() < endMs);
  return times;
};

/** CPU microseconds that one call of `work` takes, once it is warm: the mean over 0.8 s of calls, one at a time. */
export const cpuOf = async (work: () => unknown): Promise<number> => {
  await repeatFor(warmUpMs, work);
  const before = cpuUs();
  const times = await repeatFor(measuredMs, work);
  return (cpuUs() - before) / times;
};
