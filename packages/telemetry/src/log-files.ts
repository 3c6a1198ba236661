// Gives every access log that writes to the same path the same file, written in batches off the hot path.
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock, Timer } from '@meltemi/base';

/** The log files of a process. */
export interface LogFiles {
  open(path: string): LogFile;
  /** Opens all files again by their path, after log rotation moved them. */
  reopen(): void;
  /** Lines that were lost because a file could not be written, or not fast enough. */
  readonly dropped: number;
  /** Writes what is buffered and closes. */
  close(): Promise<void>;
}

export interface LogFile {
  /** Takes a whole line with its line break. */
  write(line: string): void;
  close(): void;
}

/** A batch is written after this time, or when it has this many characters, whatever comes first. */
const FLUSH_MS = 1000;
const FLUSH_LENGTH = 64 * 1024;
/** Characters that wait for a slow disk or pipe; what comes above is dropped. */
const QUEUE_LENGTH = 4 * 1024 * 1024;

export function createLogFiles(clock: Clock): LogFiles {
  const writers = new Map<string, BatchWriter>();
  return {
    open(path) {
      const writer = writers.get(path) ?? new BatchWriter(path, clock);
      writers.set(path, writer);
      return { write: (line) => writer.write(line), close: () => void writer.flush() };
    },
    reopen() {
      for (const writer of writers.values()) writer.reopen();
    },
    get dropped() {
      return writers.values().reduce((sum, writer) => sum + writer.dropped, 0);
    },
    async close() {
      await Promise.all([...writers.values()].map((writer) => writer.close()));
    },
  };
}

/** These can't be opened by their path when they are sockets, as they are below a Node parent. */
const STREAMS: Readonly<Record<string, () => NodeJS.WriteStream>> = {
  '/dev/stdout': () => process.stdout,
  '/dev/stderr': () => process.stderr,
};

function writeStream(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** One path: a buffer, at most one write under way. */
class BatchWriter {
  dropped = 0;
  readonly #path: string;
  readonly #clock: Clock;
  #lines: string[] = [];
  #length = 0;
  #timer: Timer | undefined;
  #handle: FileHandle | undefined;
  #writing: Promise<void> | undefined;
  #stale = false;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  write(line: string): void {
    if (this.#length + line.length > QUEUE_LENGTH) {
      this.dropped++;
      return;
    }
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= FLUSH_LENGTH) void this.flush();
    else this.#timer ??= this.#clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Resolves when all that was given is written or lost. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  reopen(): void {
    this.#stale = true;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#closeHandle();
  }

  async #drain(): Promise<void> {
    while (this.#lines.length > 0) {
      const lines = this.#lines;
      this.#lines = [];
      this.#length = 0;
      try {
        await this.#append(lines.join(''));
      } catch {
        this.dropped += lines.length;
      }
    }
  }

  async #append(text: string): Promise<void> {
    const stream = STREAMS[this.#path];
    if (stream) return writeStream(stream(), text);
    const handle = await this.#open();
    await handle.writeFile(text);
  }

  async #open(): Promise<FileHandle> {
    if (this.#stale) await this.#closeHandle();
    this.#stale = false;
    this.#handle ??= await open(this.#path, 'a');
    return this.#handle;
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
