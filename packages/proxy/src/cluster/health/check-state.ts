// What active health checks have found of one host; without checks a host stays as it begins.

/** Of a response: its host asks to be left out. */
export const FAILS_NOW = 'x-envoy-immediate-health-check-fail';

export class CheckState {
  /** Out of the balancer. */
  failed = false;
  /** It answered, and said that it is degraded. */
  degraded = false;
  /** The last failure was a timeout. */
  timedOut = false;
  /** It asked to be left out: it counts for nothing until a check passes. */
  excluded = false;
  /** Not checked yet, and not counted until then. */
  pending = false;
  /** Discovery took it away, and it stays while its checks pass. */
  leaving = false;

  /** Nobody checks any more. */
  clear(): void {
    this.failed = this.degraded = this.timedOut = this.excluded = this.pending = false;
  }
}
