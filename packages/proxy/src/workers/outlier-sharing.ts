// Lets one worker eject hosts for all: the others tell it of runs of failures, and take what it decides.
import type { OutlierKind } from '../cluster/settings/outlier-settings.ts';

/** Hosts as `ip:port`. */
type TellEjection = (cluster: string, host: string, ejected: boolean) => void;
type ReportRun = (cluster: string, host: string, kind: OutlierKind) => void;

/** The first worker's side. */
export class LeadingOutliers {
  readonly kind = 'leading';
  /** A host is out for all workers, or back. */
  readonly tell: TellEjection;
  readonly #listeners = new Map<string, (host: string, kind: OutlierKind) => void>();

  constructor(tell: TellEjection) {
    this.tell = tell;
  }

  /** Another worker saw a run of failures that is long enough. */
  reported(cluster: string, host: string, kind: OutlierKind): void {
    this.#listeners.get(cluster)?.(host, kind);
  }

  follow(cluster: string, heard: (host: string, kind: OutlierKind) => void): { close(): void } {
    return listen(this.#listeners, cluster, heard);
  }
}

/** The others' side. */
export class FollowingOutliers {
  readonly kind = 'following';
  readonly report: ReportRun;
  readonly #listeners = new Map<string, (host: string, ejected: boolean) => void>();

  constructor(report: ReportRun) {
    this.report = report;
  }

  /** The first worker decided this. */
  told(cluster: string, host: string, ejected: boolean): void {
    this.#listeners.get(cluster)?.(host, ejected);
  }

  follow(cluster: string, heard: (host: string, ejected: boolean) => void): { close(): void } {
    return listen(this.#listeners, cluster, heard);
  }
}

function listen<Heard>(listeners: Map<string, Heard>, cluster: string, heard: Heard): { close(): void } {
  listeners.set(cluster, heard);
  return {
    close: () => {
      if (listeners.get(cluster) === heard) listeners.delete(cluster);
    },
  };
}

/** Undefined where there is one worker. */
export type OutlierSharing = LeadingOutliers | FollowingOutliers;
