// For tests: a provider of each kind, and Telemetries that name all of them.
import { rule, service } from './test-world.ts';

const at = (name: string) => ({ service: `${name}.default.svc.cluster.local`, port: 9080 });

/** Their services are in COLLECTORS. */
export const PROVIDERS = [
  { name: 'file', envoyFileAccessLog: { path: '/log', logFormat: { labels: { path: '%REQ_WITHOUT_QUERY(:PATH)%' } } } },
  { name: 'als', envoyHttpAls: { ...at('reviews'), additionalRequestHeadersToLog: ['x-a'] } },
  { name: 'tcp-als', envoyTcpAls: at('reviews') },
  { name: 'otel', envoyOtelAls: { ...at('reviews'), logFormat: { labels: { a: '%PROTOCOL%' } } } },
  { name: 'zipkin', zipkin: { ...at('zipkin'), headers: [{ name: 'x-key', value: '1' }], timeout: '2s' } },
  { name: 'oteltracer', opentelemetry: at('zipkin') },
  { name: 'otelhttp', opentelemetry: { ...at('zipkin'), http: { path: '/v1/traces', timeout: '1s' } } },
];

const COLLECTORS = [service('zipkin')];

/** A rule of telemetry, and the services of the providers. */
export function telemetry(name: string, spec: object, namespace = 'default'): string {
  return [
    rule('Telemetry', name, spec, namespace).replace('networking.istio.io', 'telemetry.istio.io'),
    ...COLLECTORS,
  ].join('\n---\n');
}

/** All providers at once, with one of the tracers, everything that can be said of each. */
export function everyProvider(tracer: string): readonly string[] {
  const accessLogging = ['file', 'als', 'tcp-als', 'otel'].map((name) => ({
    providers: [{ name }],
    filter: { expression: 'response.code >= 400 && request.host == "a.example"' },
  }));
  const customTags = {
    a: { literal: { value: '1' } },
    b: { environment: { name: 'HOME', defaultValue: '-' } },
    c: { header: { name: 'x-c' } },
  };
  const tracing = [{ providers: [{ name: tracer }], randomSamplingPercentage: 5, customTags }];
  const tagOverrides = { a: { value: 'request.host' }, b: { operation: 'REMOVE' } };
  const metrics = [{ overrides: [{ match: { metric: 'REQUEST_COUNT' }, tagOverrides }] }];
  return [telemetry('every', { accessLogging, tracing, metrics })];
}
