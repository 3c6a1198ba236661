// Checks every host of a cluster, and tells when the health of one changes.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/health_checking
import type { Clock, Dice } from '@meltemi/base';
import type { Host } from '../endpoint/host.ts';
import type { HealthCheckSettings } from '../settings/health-check-settings.ts';
import { CheckContext } from './check-context.ts';
import { CheckSession, type SessionReport } from './check-session.ts';
import { GrpcProber } from './grpc-prober.ts';
import type { HealthCheckStats } from './health-check-stats.ts';
import { HealthEventLog } from './health-event-log.ts';
import { HttpProber } from './http-prober.ts';
import type { Prober } from './prober.ts';
import { TcpProber } from './tcp-prober.ts';

export interface HealthCheckerOptions {
  readonly cluster: string;
  readonly settings: HealthCheckSettings;
  readonly stats: HealthCheckStats;
  readonly clock: Clock;
  readonly dice: Dice;
  /** New hosts count for nothing until they are checked. */
  readonly ignoreNew: () => boolean;
  readonly hasTraffic: () => boolean;
  /** The health of some host is another: balance anew. */
  readonly onChange: () => void;
  /** A check passed, and the host's health allows requests. */
  readonly onPassed: (host: Host) => void;
  /** The host became unhealthy. */
  readonly onFailed: (host: Host) => void;
  /** Every host has had its first check. */
  readonly onSawAll: () => void;
  /** A check is over, and the host's state is as it left it. */
  readonly onFinding?: (host: Host, passed: boolean) => void;
  /** Hears from other workers of hosts that say that they are failing, as `ip:port`. */
  readonly reports?: (heard: (host: string) => void) => { close(): void };
}

/** What knows the health of a cluster's hosts. */
export interface HealthWatch {
  /** Every host that there was has had its first check. */
  readonly sawAll: boolean;
  /** Takes the hosts of now. */
  follow(hosts: Iterable<Host>): void;
  /** The host said, in the answer to a request, that it is failing. */
  failNow(host: Host): void;
  close(): void;
}

export class HealthChecker implements HealthWatch {
  readonly #options: HealthCheckerOptions;
  readonly #sessions = new Map<Host, CheckSession>();
  readonly #log: HealthEventLog | undefined;
  readonly #reports: { close(): void } | undefined;
  #sawAll = false;

  constructor(options: HealthCheckerOptions) {
    const { settings, clock } = options;
    this.#options = options;
    this.#reports = options.reports?.((text) => this.#failByName(text));
    this.#log = settings.eventLog === '' ? undefined : new HealthEventLog(settings.eventLog, options.cluster, clock);
  }

  /** Every host that there was has had its first check. */
  get sawAll(): boolean {
    return this.#sawAll;
  }

  /** Takes the hosts of now: new ones are checked, those that went are not any more. */
  follow(hosts: Iterable<Host>): void {
    const now = new Set([...hosts].filter((host) => host.spec.check?.disabled !== true));
    for (const [host, session] of this.#sessions) {
      if (now.has(host)) continue;
      session.close();
      this.#sessions.delete(host);
    }
    for (const host of now) if (!this.#sessions.has(host)) this.#begin(host);
    this.#noteSeen();
    this.#countHealthy();
  }

  failNow(host: Host): void {
    this.#sessions.get(host)?.failNow();
  }

  /** Ends all checks; hosts are healthy again as far as checks are concerned. */
  close(): void {
    for (const [host, session] of this.#sessions) {
      session.close();
      host.checks.clear();
    }
    this.#sessions.clear();
    this.#options.stats.healthy.set(0);
    this.#options.stats.degraded.set(0);
    this.#log?.close();
    this.#reports?.close();
  }

  #failByName(text: string): void {
    for (const host of this.#sessions.keys()) if (host.text === text) this.failNow(host);
  }

  /** A host is out of the balancer until its first check passed. */
  #begin(host: Host): void {
    host.checks.failed = true;
    host.checks.pending = this.#options.ignoreNew();
    const session = new CheckSession(this.#options, host.checks, this.#proberOf(host), (report) =>
      this.#reported(host, report),
    );
    this.#sessions.set(host, session);
  }

  #proberOf(host: Host): Prober {
    const { settings, stats } = this.#options;
    const { protocol, reuseConnection } = settings;
    const context = new CheckContext(host, settings);
    switch (protocol.kind) {
      case 'http':
        return new HttpProber(context, protocol, reuseConnection, () => stats.verifyCluster.increment());
      case 'tcp':
        return new TcpProber(context, protocol, reuseConnection);
      case 'grpc':
        return new GrpcProber(context, protocol, reuseConnection);
    }
  }

  #reported(host: Host, report: SessionReport): void {
    const { settings, clock, onChange, onPassed, onFailed } = this.#options;
    this.#log?.write(host, report, settings);
    this.#options.onFinding?.(host, report.result.kind === 'passed');
    this.#noteSeen();
    if (report.changed) {
      this.#countHealthy();
      if (!host.checks.failed) host.warmingSince = clock.monotonic();
      onChange();
    }
    if (report.result.kind === 'passed' && !host.checks.failed) onPassed(host);
    if (report.changed && host.checks.failed) onFailed(host);
  }

  #noteSeen(): void {
    if (this.#sawAll || [...this.#sessions.values()].some((session) => session.first)) return;
    this.#sawAll = true;
    this.#options.onSawAll();
  }

  #countHealthy(): void {
    const hosts = [...this.#sessions.keys()];
    this.#options.stats.healthy.set(hosts.filter((host) => !host.checks.failed).length);
    this.#options.stats.degraded.set(hosts.filter((host) => host.checks.degraded).length);
  }
}
