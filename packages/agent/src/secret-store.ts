// Holds the workload's secrets as they are now, and tells who watches when they change.

/** PEM texts. */
export interface WorkloadSecrets {
  readonly privateKey: string;
  /** The leaf first, without the root. */
  readonly certificateChain: string;
  readonly roots: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export class SecretStore {
  #current: WorkloadSecrets | undefined;
  #version = 0;
  readonly #watchers = new Set<() => void>();

  /** Undefined before the first certificate came. */
  get current(): WorkloadSecrets | undefined {
    return this.#current;
  }

  /** Grows by one with each change. */
  get version(): number {
    return this.#version;
  }

  replace(secrets: WorkloadSecrets): void {
    this.#current = secrets;
    this.#version++;
    for (const watcher of this.#watchers) watcher();
  }

  /** Returns what ends the watch. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }
}
