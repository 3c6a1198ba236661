// A file on disk → a call whenever another file took its place.
import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

export interface WatchedFile {
  readonly path: string;
  /** Where a change shows: the file's folder, or another whose symbolic links lead to it (a mounted volume's). */
  readonly directory?: string;
}

/** Throws what `fs.watch` throws when the directory isn't there. A file that is gone for a moment is no change. */
export function watchFile(file: WatchedFile, onChange: () => void): { close(): void } {
  let seen = identity(file.path);
  const watcher: FSWatcher = watch(file.directory ?? dirname(file.path), { persistent: false }, () => {
    const now = identity(file.path);
    if (now === undefined || now === seen) return;
    seen = now;
    onChange();
  });
  watcher.on('error', () => watcher.close());
  return { close: () => watcher.close() };
}

/** Differs between two files, and between two states of one; undefined when there is none. */
export function identity(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}
