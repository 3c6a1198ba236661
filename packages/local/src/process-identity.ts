// Tells one process from a later one with the same pid, and whether it lives.
import { readFileSync } from 'node:fs';

/** A process by pid and, where the system tells, the time it started (clock ticks since boot). */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** The identity of a running process. */
export function processIdentity(pid: number): ProcessIdentity {
  return { pid, startedAt: startTime(pid) };
}

/** True while this very process runs; a zombie does not. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  return isAlive(identity.pid) && startTime(identity.pid) === identity.startedAt;
}

/** True while a process with this pid runs. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return statFields(pid)?.[0] !== 'Z';
}

/** Field 22 of /proc/PID/stat; empty where there is no /proc. */
function startTime(pid: number): string {
  return statFields(pid)?.[19] ?? '';
}

/** The fields after the command's name, which stands in brackets and may hold anything (proc(5)). */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
