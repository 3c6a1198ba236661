// What Mixer counts of itself, by the original's names, as an application of HTTP: /metrics and /version.
import { PROMETHEUS_CONTENT_TYPE, prometheusText, StatsStore } from '@meltemi/telemetry';
import { Hono } from 'hono';

import type { MetricRegistry } from '../adapters/metric-registry.ts';

import type { ActivePolicy } from './policy-store.ts';

/** Names of gRPC's status codes that the service gives. */
const CODE: Readonly<Record<number, string>> = {
  0: 'OK',
  2: 'Unknown',
  3: 'InvalidArgument',
  13: 'Internal',
  14: 'Unavailable',
};

/** What is called, with its service. */
const CALLS = {
  Check: ['istio.mixer.v1.Mixer', 'Check', 'unary'],
  Report: ['istio.mixer.v1.Mixer', 'Report', 'unary'],
  Authorization: ['envoy.service.auth.v3.Authorization', 'Check', 'unary'],
  RateLimit: ['envoy.service.ratelimit.v3.RateLimitService', 'ShouldRateLimit', 'unary'],
  AccessLog: ['envoy.service.accesslog.v3.AccessLogService', 'StreamAccessLogs', 'client_stream'],
} as const;

export type CallName = keyof typeof CALLS;

export class MixerMetrics {
  readonly #stats = new StatsStore();
  readonly #handled = new Map<string, { increment(): void }>();
  readonly #attributes = this.#gauge('mixer_config_attributes_total');
  readonly #resources = this.#gauge('mixer_config_resources_total');
  readonly #rules = this.#gauge('mixer_config_rule_configs_total');
  readonly #errors = this.#gauge('mixer_config_errors_total');

  /** Of streams: each entry. */
  handled(name: CallName, code: number): void {
    const key = `${name} ${code}`;
    const known = this.#handled.get(key);
    if (known) return known.increment();
    const [service, method, type] = CALLS[name];
    const labels = {
      grpc_code: CODE[code] ?? String(code),
      grpc_method: method,
      grpc_service: service,
      grpc_type: type,
    };
    const metric = 'grpc_server_handled_total';
    const counter = this.#stats.counter({ text: `${metric}.${key}`, metric, labels });
    this.#handled.set(key, counter);
    counter.increment();
  }

  text(policy: ActivePolicy): string {
    const { attributes, resources, rules } = policy.counts;
    this.#attributes.set(attributes);
    this.#resources.set(resources);
    this.#rules.set(rules);
    this.#errors.set(policy.problems.length);
    return prometheusText(this.#stats.list());
  }

  #gauge(metric: string): { set(value: number): void } {
    return this.#stats.gauge({ text: metric, metric, labels: {} });
  }
}

export function monitoringApp(metrics: MixerMetrics, policy: () => ActivePolicy, version: string): Hono {
  const app = new Hono();
  app.get('/metrics', (context) =>
    context.body(metrics.text(policy()), 200, { 'content-type': PROMETHEUS_CONTENT_TYPE }),
  );
  app.get('/version', (context) => context.text(version));
  app.get('/healthz', (context) => context.text('ok'));
  return app;
}

/** Port 42422 of the original. */
export function scrapeApp(metrics: MetricRegistry): Hono {
  const app = new Hono();
  app.get('/metrics', (context) => context.body(metrics.text(), 200, { 'content-type': PROMETHEUS_CONTENT_TYPE }));
  return app;
}
