// The handlers that are open: a handler whose configuration stays as it is keeps its state over other changes.
import type { Handler } from '../adapters/adapter.ts';

export class HandlerStore {
  readonly #open = new Map<string, Handler>();
  readonly #used = new Set<string>();

  /** The handler of a configuration, if it is open. */
  find(key: string): Handler | undefined {
    const handler = this.#open.get(key);
    if (handler) this.#used.add(key);
    return handler;
  }

  keep(key: string, handler: Handler): void {
    this.#open.set(key, handler);
    this.#used.add(key);
  }

  /** Closes those that nobody found or kept since the last time. */
  closeUnused(): void {
    for (const [key, handler] of this.#open) {
      if (this.#used.has(key)) continue;
      this.#open.delete(key);
      handler.close?.();
    }
    this.#used.clear();
  }

  close(): void {
    this.#used.clear();
    this.closeUnused();
  }
}
