// What active health checks have found of one host; without checks a host stays as it begins.

export class CheckState {
  /** Out of the balancer. */
  failed = false;
  /** It answered, and said that it is degraded. */
  degraded = false;
  /** The last failure was a timeout. */
  timedOut = false;
  /** Not checked yet, and not counted until then. */
  pending = false;
  /** Discovery took it away, and it stays while its checks pass. */
  leaving = false;
}
