// A path → the right to write there, held by one process at a time; a holder that died loses it.
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';

import type { Clock } from '@meltemi/base';

/** Writes take milliseconds: who waits this long waits for something that hangs. */
const WAIT_MS = 10_000;
const RETRY_MS = 10;

/** Tells locks of this process from those that an earlier one of the same id left behind. */
const held = new Set<string>();
let sequence = 0;

/** The lock was not to be had in time; `holder` is the id of the process that has it. */
export class LockError extends Error {
  readonly code = 'locked';
  readonly holder: number;

  constructor(path: string, holder: number) {
    super(`${path} is held by process ${holder}`);
    this.name = 'LockError';
    this.holder = holder;
  }
}

/** Runs the step while the lock is held. The lock is a file with the id of its holder; its directory must be there. */
export async function withFileLock<Result>(path: string, clock: Clock, step: () => Promise<Result>): Promise<Result> {
  const mark = `${process.pid} ${sequence++}`;
  held.add(mark);
  try {
    await take(path, mark, clock);
    try {
      return await step();
    } finally {
      await unlink(path);
    }
  } finally {
    held.delete(mark);
  }
}

async function take(path: string, mark: string, clock: Clock): Promise<void> {
  const draft = `${path}.${mark.replace(' ', '-')}`;
  await writeFile(draft, mark);
  try {
    const deadline = clock.monotonic() + WAIT_MS;
    while (!(await linked(draft, path))) {
      const holder = await readMark(path);
      if (holder === undefined) continue;
      if (isStale(holder)) await takeAway(path, holder, draft);
      else if (clock.monotonic() >= deadline) throw new LockError(path, processOf(holder));
      else await pause(clock);
    }
  } finally {
    await unlink(draft);
  }
}

/** A link appears with its content, or not at all when somebody else was faster. */
async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readMark(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(noneIfGone);
}

function isStale(mark: string): boolean {
  const holder = processOf(mark);
  if (!(holder > 0)) return true;
  if (holder === process.pid) return !held.has(mark);
  try {
    process.kill(holder, 0);
    return false;
  } catch (error) {
    // EPERM: it lives, as another user's.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Of many who see a stale lock one moves it away; who moved a fresh one by mistake puts it back. */
async function takeAway(path: string, stale: string, draft: string): Promise<void> {
  const aside = `${draft}.stale`;
  await rename(path, aside).catch(noneIfGone);
  const moved = await readMark(aside);
  if (moved === undefined) return;
  if (moved !== stale) await linked(aside, path);
  await unlink(aside);
}

function noneIfGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

const processOf = (mark: string): number => Number(mark.split(' ')[0]);
const pause = (clock: Clock): Promise<void> => new Promise((resolve) => void clock.after(RETRY_MS, () => resolve()));
