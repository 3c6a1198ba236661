// Lets one worker check the health of hosts for all: the first one checks and tells, the others take what it found.

/** What a check of a host came to. */
export interface HealthFinding {
  /** The host's health now. */
  readonly failed: boolean;
  readonly degraded: boolean;
  readonly timedOut: boolean;
  /** This check passed. */
  readonly passed: boolean;
}

/** The first worker's side: it checks by itself. */
export interface LeadingHealth {
  readonly kind: 'leading';
  /** `host` as `ip:port`. */
  tell(cluster: string, host: string, finding: HealthFinding): void;
}

type Heard = (host: string, finding: HealthFinding) => void;

/** The others' side. */
export class FollowingHealth {
  readonly kind = 'following';
  readonly #latest = new Map<string, Map<string, HealthFinding>>();
  readonly #listeners = new Map<string, Set<Heard>>();

  /** The first worker found this. */
  told(cluster: string, host: string, finding: HealthFinding): void {
    const known = this.#latest.get(cluster) ?? new Map<string, HealthFinding>();
    this.#latest.set(cluster, known.set(host, finding));
    for (const heard of this.#listeners.get(cluster) ?? []) heard(host, finding);
  }

  /** What was found last; undefined: the host was not checked yet. */
  latest(cluster: string, host: string): HealthFinding | undefined {
    return this.#latest.get(cluster)?.get(host);
  }

  /** The host left the cluster. */
  forget(cluster: string, host: string): void {
    this.#latest.get(cluster)?.delete(host);
  }

  follow(cluster: string, heard: Heard): { close(): void } {
    const listeners = this.#listeners.get(cluster) ?? new Set<Heard>();
    this.#listeners.set(cluster, listeners.add(heard));
    return {
      close: () => {
        listeners.delete(heard);
        if (listeners.size > 0) return;
        this.#listeners.delete(cluster);
        this.#latest.delete(cluster);
      },
    };
  }
}

/** Undefined where there is one worker. */
export type HealthSharing = LeadingHealth | FollowingHealth;
