// Holds the workload's secrets as they are now, and tells who watches when they change.
import { isDeepStrictEqual } from 'node:util';
import type { TrustBundle } from '@meltemi/identity';

/** PEM texts. */
export interface WorkloadSecrets {
  readonly privateKey: string;
  /** The leaf first, without the root. */
  readonly certificateChain: string;
  readonly roots: string;
  /** Lists of certificates that were taken back; empty: none were. */
  readonly revocationLists: string;
  /** Roots by trust domain, the own too; empty: `roots` are for all peers. */
  readonly bundles: readonly TrustBundle[];
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What the workload trusts, apart from its own certificate. */
export type WorkloadTrust = Pick<WorkloadSecrets, 'roots' | 'revocationLists' | 'bundles'>;

export class SecretStore {
  #trust: WorkloadTrust | undefined;
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

  /** What to trust stays as it was told last, if ever: who tells knows more than the certificate's own chain. */
  replace(secrets: WorkloadSecrets): void {
    this.#set({ ...secrets, ...this.#trust });
  }

  replaceTrust(trust: WorkloadTrust): void {
    this.#trust = trust;
    const current = this.#current;
    if (!current || isSame(current, trust)) return;
    this.#set({ ...current, ...trust });
  }

  #set(secrets: WorkloadSecrets): void {
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

function isSame(now: WorkloadTrust, told: WorkloadTrust): boolean {
  const { roots, revocationLists, bundles } = now;
  return isDeepStrictEqual({ roots, revocationLists, bundles }, told);
}
