import { readFileSync } from "node:fs";

/** Linux counts the CPU time of processes in hundredths of a second (USER_HZ), on every architecture of ours. */
const ticksPerSecond = 100;

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`${path} cannot be read: the bench needs Linux, and the process to be alive`, { cause });
  }
};

/** CPU seconds that a living process has used, in user and system, all threads. In steps of 10 ms (proc(5), "stat"). */
export const cpuSecondsOf = (pid: number): number => {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets and may hold spaces; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
};

/** The most memory that a living process has had resident, in bytes (proc(5), "VmHWM"). */
export const peakRssBytesOf = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1]) * 1024;

/** CPU seconds that all processes of the machine have used, and what other guests took from it (proc(5), "stat"). */
export const machineCpuSeconds = (): number => {
  const [, user, nice, system, , , irq, softirq, steal] = read("/proc/stat").split(/\s+/, 9).map(Number);
  return (
    [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) / ticksPerSecond
  );
};
