// Prints logs that other processes write, and what comes while it follows them.
import { closeSync, existsSync, fstatSync, openSync, readSync, watch } from 'node:fs';
import { dirname } from 'node:path';

export interface LogSource {
  readonly path: string;
  /** Stands before every line. */
  readonly prefix: string;
}

const CHUNK_BYTES = 64 * 1024;

/** Writes the whole logs, one source after the other; with a signal, goes on with new lines until it aborts. */
export async function followLogs(
  sources: readonly LogSource[],
  write: (text: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const tails = sources.map((source) => new Tail(source, write));
  for (const tail of tails) tail.read();
  if (!signal || tails.length === 0) return;
  const watcher = watch(dirname(sources[0]!.path), () => {
    for (const tail of tails) tail.read();
  });
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  watcher.close();
}

/** Reads on from where it stopped; a file that became shorter was rotated and is read from its start. */
class Tail {
  readonly #source: LogSource;
  readonly #write: (text: string) => void;
  #position = 0;
  #rest = '';

  constructor(source: LogSource, write: (text: string) => void) {
    this.#source = source;
    this.#write = write;
  }

  read(): void {
    if (!existsSync(this.#source.path)) return;
    const fd = openSync(this.#source.path, 'r');
    try {
      if (fstatSync(fd).size < this.#position) this.#position = 0;
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      for (let length = this.#fill(fd, buffer); length > 0; length = this.#fill(fd, buffer)) {
        this.#print(buffer.toString('utf8', 0, length));
      }
    } finally {
      closeSync(fd);
    }
  }

  #fill(fd: number, buffer: Buffer): number {
    const length = readSync(fd, buffer, 0, CHUNK_BYTES, this.#position);
    this.#position += length;
    return length;
  }

  #print(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#write(`${this.#source.prefix}${line}\n`);
  }
}
