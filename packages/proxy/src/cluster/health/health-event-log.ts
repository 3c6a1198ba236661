// Writes what health checks find as lines of JSON (envoy.data.core.v3.HealthCheckEvent).
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Clock } from '@meltemi/base';
import { addressJson } from '../address-json.ts';
import type { Host } from '../endpoint/host.ts';
import { ClusterConfigError } from '../settings/cluster-config-error.ts';
import type { HealthCheckSettings } from '../settings/health-check-settings.ts';
import type { SessionReport } from './check-session.ts';

const CHECKERS = { http: 'HTTP', tcp: 'TCP', grpc: 'GRPC' } as const;
const FAILURES = { refused: 'ACTIVE', network: 'NETWORK', timeout: 'NETWORK_TIMEOUT' } as const;

export class HealthEventLog {
  readonly #file: number;
  readonly #cluster: string;
  readonly #clock: Clock;

  /** Throws ClusterConfigError where the file can't be opened. */
  constructor(path: string, cluster: string, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    try {
      this.#file = openSync(path, 'a');
    } catch (cause) {
      throw new ClusterConfigError('BAD_VALUE', `event_log_path: ${(cause as Error).message}`, cause);
    }
  }

  /** One line for each event that the report comes to; most come to none. */
  write(host: Host, report: SessionReport, settings: HealthCheckSettings): void {
    for (const event of eventsOf(host, report, settings)) this.#line(host, settings, event);
  }

  close(): void {
    closeSync(this.#file);
  }

  #line(host: Host, settings: HealthCheckSettings, event: object): void {
    const line = {
      health_checker_type: CHECKERS[settings.protocol.kind],
      host: addressJson(host.text),
      cluster_name: this.#cluster,
      timestamp: new Date(this.#clock.now()).toISOString(),
      ...event,
    };
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

function eventsOf(host: Host, { result, changed, first }: SessionReport, settings: HealthCheckSettings): object[] {
  const { logAllFailures, logAllSuccesses } = settings;
  if (result.kind === 'passed') {
    if (changed && !host.checks.failed) return [{ add_healthy_event: { first_check: first } }];
    return logAllSuccesses ? [{ successful_health_check_event: {} }] : [];
  }
  const failure_type = FAILURES[result.kind];
  const ejected = changed && host.checks.failed && !first ? [{ eject_unhealthy_event: { failure_type } }] : [];
  const failed = first || logAllFailures ? [{ health_check_failure_event: { failure_type, first_check: first } }] : [];
  return [...ejected, ...failed];
}
