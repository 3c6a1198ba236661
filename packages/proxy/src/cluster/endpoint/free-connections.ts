// A pool's HTTP/1.1 connections that wait for their next request: the warmest serves first, the coldest idles out.
import type { Timer } from '@meltemi/base';
import type { Connection } from './connection.ts';
import type { PoolContext } from './pool-context.ts';

export class FreeConnections {
  readonly #context: PoolContext;
  /** Last in, first out. */
  readonly #free: Connection[] = [];
  #idleTimer: Timer | undefined;

  constructor(context: PoolContext) {
    this.#context = context;
  }

  get length(): number {
    return this.#free.length;
  }

  put(connection: Connection): void {
    this.#free.push(connection);
    const { idleTimeoutMs } = this.#context.settings;
    if (!this.#idleTimer && idleTimeoutMs > 0) this.#armIdle(idleTimeoutMs);
  }

  /** One that may serve; those that may not any more are closed. */
  take(): Connection | undefined {
    for (let free = this.#free.pop(); free; free = this.#free.pop()) {
      if (free.usable) return free;
      free.close();
    }
    return undefined;
  }

  remove(connection: Connection): void {
    const place = this.#free.lastIndexOf(connection);
    if (place >= 0) this.#free.splice(place, 1);
  }

  /** Lets those go that may serve no more. */
  closeUnusable(): void {
    for (const connection of this.#free.filter((free) => !free.usable)) connection.close();
    // With nothing left to idle out, the timer would only keep the process alive.
    if (this.#free.length === 0) this.stopTimer();
  }

  closeAll(): void {
    for (let free = this.#free.pop(); free; free = this.#free.pop()) free.close();
    this.stopTimer();
  }

  stopTimer(): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
  }

  #armIdle(delayMs: number): void {
    this.#idleTimer = this.#context.clock.after(delayMs, () => this.#closeIdle());
  }

  /** One timer for all: the oldest stands first. */
  #closeIdle(): void {
    this.#idleTimer = undefined;
    const { clock, settings, stats } = this.#context;
    const now = clock.monotonic();
    const tooOld = this.#free.filter((free) => free.freedAt + settings.idleTimeoutMs <= now + 0.5);
    for (const connection of tooOld) {
      stats.cxIdleTimeout.increment();
      connection.close();
    }
    const oldest = this.#free[0];
    if (oldest && settings.idleTimeoutMs > 0) this.#armIdle(oldest.freedAt + settings.idleTimeoutMs - now);
  }
}
