// Directories → a call after each change in them.
import { type FSWatcher, watch } from 'node:fs';

import type { Clock, Timer } from '@meltemi/base';

import type { Watch } from './store.ts';

/** Changes within this time are one: editors write a file in several steps. */
const QUIET_MS = 20;
/** Looked for anyway this often, where the system doesn't say (network file systems, directories that appear later). */
const POLL_MS = 2000;

/** Calls back after changes, and from time to time without: the callback finds out by itself whether something changed. */
export function watchDirectories(directories: readonly string[], clock: Clock, onChange: () => void): Watch {
  const watchers = new Map<string, FSWatcher>();
  let quiet: Timer | undefined;
  let poll: Timer | undefined;
  let closed = false;
  const changed = (): void => {
    quiet ??= clock.after(QUIET_MS, () => {
      quiet = undefined;
      onChange();
    });
  };
  const listen = (): void => {
    if (closed) return;
    for (const directory of directories) if (!watchers.has(directory)) listenTo(directory, watchers, changed);
    poll = clock.after(POLL_MS, () => {
      onChange();
      listen();
    });
  };
  listen();
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
function listenTo(directory: string, watchers: Map<string, FSWatcher>, changed: () => void): void {
  try {
    const watcher = watch(directory, (_, file) => {
      if (!file?.startsWith('.')) changed();
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
