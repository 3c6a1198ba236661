// Lines → packets: sent when the next line would not fit, or after a while.
import type { Clock, Timer } from '@meltemi/base';

export interface PacketBufferOptions {
  readonly clock: Clock;
  /** How long a line waits at most. */
  readonly flushMs: number;
  readonly maxBytes: number;
  readonly send: (packet: string) => void;
}

export class PacketBuffer {
  readonly #options: PacketBufferOptions;
  #lines: string[] = [];
  #bytes = 0;
  #timer: Timer | undefined;

  constructor(options: PacketBufferOptions) {
    this.#options = options;
  }

  add(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#bytes + bytes > this.#options.maxBytes) this.#flush();
    this.#lines.push(line);
    this.#bytes += bytes;
    this.#timer ??= this.#options.clock.after(this.#options.flushMs, () => this.#flush());
  }

  /** Sends what waits. */
  close(): void {
    this.#flush();
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    this.#options.send(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
    this.#bytes = 0;
  }
}
