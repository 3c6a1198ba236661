// The life of a thing: what it opened is closed in reverse order, and what waits is told to stop.

/** Collects what must be undone. Closing runs every step, the last opened first, and reports all failures together. */
export class Scope {
  readonly #controller = new AbortController();
  #steps: (() => void | Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  /** Aborted when the scope begins to close. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Runs `step` when the scope closes; at once when it is closed already. */
  defer(step: () => void | Promise<void>): void {
    if (this.#closing) void step();
    else this.#steps.push(step);
  }

  close(): Promise<void> {
    this.#closing ??= this.#unwind();
    return this.#closing;
  }

  async #unwind(): Promise<void> {
    this.#controller.abort();
    const failures: unknown[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (failure) {
        failures.push(failure);
      }
    }
    this.#steps = [];
    if (failures.length > 0) throw new AggregateError(failures, 'closing failed');
  }
}
