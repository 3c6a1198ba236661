// Directories → a call after each change in them, with the files that changed.
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';

import type { Clock, Timer } from '@meltemi/base';

import type { Watch } from './store.ts';

/** Changes within this time are one: editors write a file in several steps. */
const QUIET_MS = 20;
/** Looked for anyway this often, where the system doesn't say (network file systems, directories that appear later). */
const POLL_MS = 2000;
/** A look at everything takes at most this share of the time: large directories are looked at less often. */
const POLL_SHARE = 0.02;

/** The files that may have changed; undefined: any. Resolves when they were looked at. */
export type OnChange = (files: ReadonlySet<string> | undefined) => Promise<void> | void;

/** Calls back after changes, and from time to time without: the callback finds out by itself whether something changed. */
export function watchDirectories(directories: readonly string[], clock: Clock, onChange: OnChange): Watch {
  const watchers = new Map<string, FSWatcher>();
  let files = new Set<string>();
  let unnamed = false;
  let quiet: Timer | undefined;
  let poll: Timer | undefined;
  let closed = false;
  const changed = (file: string | undefined): void => {
    if (file === undefined) unnamed = true;
    else files.add(file);
    quiet ??= clock.after(QUIET_MS, () => {
      quiet = undefined;
      const told = unnamed ? undefined : files;
      files = new Set();
      unnamed = false;
      void onChange(told);
    });
  };
  const listen = (waitMs: number): void => {
    if (closed) return;
    for (const directory of directories) if (!watchers.has(directory)) listenTo(directory, watchers, changed);
    poll = clock.after(waitMs, () => void look());
  };
  const look = async (): Promise<void> => {
    const began = clock.monotonic();
    await onChange(undefined);
    listen(Math.max(POLL_MS, (clock.monotonic() - began) / POLL_SHARE));
  };
  listen(POLL_MS);
  return {
    close() {
      closed = true;
      quiet?.cancel();
      poll?.cancel();
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/**
 * A directory that can't be watched, yet or any more, is polled; each poll tries again. Changes of files with a leading
 * dot (drafts, locks) say nothing.
 */
function listenTo(
  directory: string,
  watchers: Map<string, FSWatcher>,
  changed: (file: string | undefined) => void,
): void {
  try {
    const watcher = watch(directory, (_, file) => {
      if (!file?.startsWith('.')) changed(file === null ? undefined : join(directory, file));
    });
    watchers.set(directory, watcher);
    watcher.on('error', () => {
      watcher.close();
      watchers.delete(directory);
    });
  } catch {
    watchers.delete(directory);
  }
}
