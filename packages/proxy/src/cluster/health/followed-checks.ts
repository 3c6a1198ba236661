// Stands in the place of a health checker in a worker that does not check: hosts get the health that the first worker found.
import type { FollowingHealth, HealthFinding } from '../../workers/health-sharing.ts';
import type { Host } from '../endpoint/host.ts';
import type { HealthCheckerOptions, HealthWatch } from './health-checker.ts';

export type FollowedChecksOptions = Pick<
  HealthCheckerOptions,
  'cluster' | 'ignoreNew' | 'onChange' | 'onPassed' | 'onFailed' | 'onSawAll' | 'clock'
>;

export class FollowedChecks implements HealthWatch {
  readonly #options: FollowedChecksOptions;
  readonly #health: FollowingHealth;
  readonly #watch: { close(): void };
  /** By address. */
  readonly #hosts = new Map<string, Host>();
  readonly #unseen = new Set<string>();
  #sawAll = false;

  constructor(options: FollowedChecksOptions, health: FollowingHealth) {
    this.#options = options;
    this.#health = health;
    this.#watch = health.follow(options.cluster, (address, finding) => this.#heard(address, finding));
  }

  get sawAll(): boolean {
    return this.#sawAll;
  }

  follow(hosts: Iterable<Host>): void {
    const now = new Map(
      [...hosts].filter((host) => host.spec.check?.disabled !== true).map((host) => [host.text, host]),
    );
    for (const [address, host] of this.#hosts) if (now.get(address) !== host) this.#forget(address);
    for (const [address, host] of now) if (!this.#hosts.has(address)) this.#begin(address, host);
    this.#noteSeen();
  }

  /** Hosts are checked by the first worker: it hears of it. */
  failNow(host: Host): void {
    this.#health.report(this.#options.cluster, host.text);
  }

  close(): void {
    this.#watch.close();
    for (const host of this.#hosts.values()) host.checks.clear();
    this.#hosts.clear();
  }

  /** A host is out of the balancer until its first check passed. */
  #begin(address: string, host: Host): void {
    this.#hosts.set(address, host);
    const known = this.#health.latest(this.#options.cluster, address);
    if (known) return take(host, known);
    host.checks.failed = true;
    host.checks.pending = this.#options.ignoreNew();
    this.#unseen.add(address);
  }

  #forget(address: string): void {
    this.#hosts.delete(address);
    this.#unseen.delete(address);
    this.#health.forget(this.#options.cluster, address);
  }

  #heard(address: string, finding: HealthFinding): void {
    const host = this.#hosts.get(address);
    if (!host) return;
    const { failed, degraded } = host.checks;
    const { onChange, onPassed, onFailed, clock } = this.#options;
    take(host, finding);
    this.#unseen.delete(address);
    this.#noteSeen();
    const changed = failed !== finding.failed || degraded !== finding.degraded;
    if (changed && !finding.failed) host.warmingSince = clock.monotonic();
    if (changed) onChange();
    if (finding.passed && !finding.failed) onPassed(host);
    if (changed && finding.failed) onFailed(host);
  }

  #noteSeen(): void {
    if (this.#sawAll || this.#unseen.size > 0) return;
    this.#sawAll = true;
    this.#options.onSawAll();
  }
}

function take(host: Host, { failed, degraded, timedOut, excluded }: HealthFinding): void {
  Object.assign(host.checks, { failed, degraded, timedOut, excluded, pending: false });
}
