// A log that processes append to by themselves, kept within bounds.
import { closeSync, copyFileSync, existsSync, openSync, renameSync, statSync, truncateSync } from 'node:fs';

const MAX_BYTES = 8 * 1024 * 1024;
const KEPT = 3;

/** Opens a log for appending; hand the descriptor to a child and close it here afterwards. What can't be logged still runs. */
export function openLog(
  path: string,
  warn: (message: string) => void,
): { readonly fd: number | 'ignore'; close(): void } {
  try {
    const fd = openSync(path, 'a', 0o600);
    return { fd, close: () => closeSync(fd) };
  } catch (error) {
    warn(`no log: ${String(error)}`);
    return { fd: 'ignore', close: () => {} };
  }
}

/**
 * Keeps a log below a size: the content moves to `PATH.1` (older ones up to `PATH.3`), the file is emptied in place.
 * Writers hold it open for appending, so they go on in the emptied file.
 */
export function rotateLog(path: string, maxBytes = MAX_BYTES): void {
  if (!existsSync(path) || statSync(path).size < maxBytes) return;
  for (let age = KEPT; age > 1; age--) {
    if (existsSync(`${path}.${age - 1}`)) renameSync(`${path}.${age - 1}`, `${path}.${age}`);
  }
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
}
