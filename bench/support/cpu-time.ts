// Reads how much CPU time a process and its children have used (Linux).
import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds of CPU of the process, all its threads, and its living descendants, from /proc/PID/task/TID/schedstat. */
export function cpuMicroseconds(pid: number): number {
  return processTree(pid).reduce((sum, member) => sum + ownMicroseconds(member), 0);
}

function ownMicroseconds(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1000;
}

function processTree(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(processTree)];
}
