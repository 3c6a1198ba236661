// Lets one worker check the health of hosts for all: the first one checks and tells, the others take what it found.
import type { FollowingOutliers, LeadingOutliers } from './outlier-sharing.ts';

/** What a check of a host came to. */
export interface HealthFinding {
  /** The host's health now. */
  readonly failed: boolean;
  readonly degraded: boolean;
  readonly timedOut: boolean;
  readonly excluded: boolean;
  /** This check passed. */
  readonly passed: boolean;
}

/** Hosts as `ip:port`. */
type TellFinding = (cluster: string, host: string, finding: HealthFinding) => void;

/** The first worker's side: it checks by itself. */
export class LeadingHealth {
  readonly kind = 'leading';
  readonly tell: TellFinding;
  readonly outliers: LeadingOutliers;
  readonly #listeners = new Map<string, (host: string) => void>();

  constructor(tell: TellFinding, outliers: LeadingOutliers) {
    this.tell = tell;
    this.outliers = outliers;
  }

  /** Another worker heard from a host that it is failing. */
  reported(cluster: string, host: string): void {
    this.#listeners.get(cluster)?.(host);
  }

  follow(cluster: string, heard: (host: string) => void): { close(): void } {
    this.#listeners.set(cluster, heard);
    return {
      close: () => {
        if (this.#listeners.get(cluster) === heard) this.#listeners.delete(cluster);
      },
    };
  }
}

type Heard = (host: string, finding: HealthFinding) => void;

/** The others' side. */
export class FollowingHealth {
  readonly kind = 'following';
  /** Tells the first worker that a host said that it is failing. */
  readonly report: (cluster: string, host: string) => void;
  readonly outliers: FollowingOutliers;
  readonly #latest = new Map<string, Map<string, HealthFinding>>();
  readonly #listeners = new Map<string, Set<Heard>>();

  constructor(report: (cluster: string, host: string) => void, outliers: FollowingOutliers) {
    this.report = report;
    this.outliers = outliers;
  }

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
