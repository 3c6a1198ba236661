// Says how much of the proxies' CPU went to others while a case was measured: such numbers are not to be trusted.
import { readFileSync } from 'node:fs';
import { PROXY_CPU, type Running } from './program.ts';

/** Linux counts in hundredths of a second. */
const TICK_MICROSECONDS = 10_000;

/** Begins to watch; the function returned gives the share of the time since, 0 to 1, that was not the programs' nor idle. */
export function watchForeignLoad(programs: readonly Running[]): () => number {
  const own = () => programs.reduce((sum, program) => sum + program.cpu(), 0);
  const [began, busyBefore, ownBefore] = [performance.now(), busyMicroseconds(), own()];
  return () => {
    const foreign = busyMicroseconds() - busyBefore - (own() - ownBefore);
    return Math.max(0, foreign / ((performance.now() - began) * 1000));
  };
}

/** https://www.kernel.org/doc/html/latest/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat */
function busyMicroseconds(): number {
  const line = readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`cpu${PROXY_CPU} `))!;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(' ').slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MICROSECONDS;
}
