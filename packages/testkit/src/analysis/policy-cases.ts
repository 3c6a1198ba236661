// Cases of policies: DestinationRules, Sidecars, Telemetry and AuthorizationPolicies.
import {
  type AnalysisCase,
  analyzedPod as pod,
  analyzedService as service,
  istio,
  PROXY_CONTAINER,
} from './analyzed-objects.ts';

const A = service('a', { http: 80 });
const proxied = (name: string) => pod(name, { app: name }, { containers: [PROXY_CONTAINER] });
const subset = (version: string) => ({ name: version, labels: { version } });
const tls = (mode: string, more: object = {}) => ({ trafficPolicy: { tls: { mode, ...more } } });
const portTls = (mode: string) => ({
  trafficPolicy: { portLevelSettings: [{ port: { number: 80 }, tls: { mode } }] },
});
const sidecar = (name: string, app?: string) =>
  istio('Sidecar', name, {
    ...(app && { workloadSelector: { labels: { app } } }),
    egress: [{ hosts: ['./*'] }],
  });
const telemetry = (name: string, app?: string, more: object = {}) =>
  istio('Telemetry', name, { ...(app && { selector: { matchLabels: { app } } }), ...more });
const policy = (name: string, spec: object) => istio('AuthorizationPolicy', name, spec);
const from = (...namespaces: readonly string[]) => ({ rules: [{ from: [{ source: { namespaces } }] }] });

export const POLICY_CASES: readonly AnalysisCase[] = [
  {
    code: 'IST0173',
    name: 'empty-subsets',
    objects: [
      A,
      pod('a', { app: 'a', version: 'v1' }),
      service('b', { http: 80 }),
      istio('DestinationRule', 'good', { host: 'a', subsets: [subset('v1')] }),
      istio('DestinationRule', 'bad', { host: 'b', subsets: [subset('v9')] }),
    ],
    told: ['DestinationRule bad'],
  },
  {
    code: 'IST0174',
    name: 'unknown-hosts',
    objects: [A, istio('DestinationRule', 'good', { host: 'a' }), istio('DestinationRule', 'bad', { host: 'aa' })],
    told: ['DestinationRule bad'],
  },
  {
    code: 'IST0128',
    name: 'unverified',
    objects: [
      A,
      istio('DestinationRule', 'good', { host: 'a', ...tls('SIMPLE', { caCertificates: '/etc/ca.pem' }) }),
      istio('DestinationRule', 'own', { host: 'a', ...tls('ISTIO_MUTUAL') }),
      istio('DestinationRule', 'bad', { host: 'a', ...tls('SIMPLE') }),
    ],
    told: ['DestinationRule bad'],
  },
  {
    code: 'IST0129',
    name: 'unverified-port',
    objects: [
      A,
      istio('DestinationRule', 'good', { host: 'a', ...portTls('ISTIO_MUTUAL') }),
      istio('DestinationRule', 'bad', { host: 'a', ...portTls('SIMPLE') }),
    ],
    told: ['DestinationRule bad'],
  },
  {
    code: 'IST0101',
    name: 'sidecars',
    objects: [pod('a', { app: 'a' }), sidecar('good', 'a'), sidecar('bad', 'nobody')],
    told: ['Sidecar bad'],
  },
  {
    code: 'IST0110',
    name: 'two-sidecars',
    objects: [
      pod('a', { app: 'a' }),
      pod('b', { app: 'b' }),
      sidecar('one', 'a'),
      sidecar('two', 'a'),
      sidecar('good', 'b'),
    ],
    told: ['Sidecar one', 'Sidecar two'],
  },
  {
    code: 'IST0111',
    name: 'default-sidecars',
    objects: [pod('a', { app: 'a' }), sidecar('one'), sidecar('two'), sidecar('good', 'a')],
    told: ['Sidecar one', 'Sidecar two'],
  },
  {
    code: 'IST0167',
    name: 'ambient',
    labels: { 'istio.io/dataplane-mode': 'ambient' },
    objects: [sidecar('bad')],
    told: ['Sidecar bad'],
  },
  {
    code: 'IST0101',
    name: 'telemetries',
    objects: [pod('a', { app: 'a' }), telemetry('good', 'a'), telemetry('bad', 'nobody')],
    told: ['Telemetry bad'],
  },
  {
    code: 'IST0159',
    name: 'two-telemetries',
    objects: [
      pod('a', { app: 'a' }),
      pod('b', { app: 'b' }),
      telemetry('one', 'a'),
      telemetry('two', 'a'),
      telemetry('good', 'b'),
    ],
    told: ['Telemetry one', 'Telemetry two'],
  },
  {
    code: 'IST0160',
    name: 'default-telemetries',
    objects: [pod('a', { app: 'a' }), telemetry('one'), telemetry('two'), telemetry('good', 'a')],
    told: ['Telemetry one', 'Telemetry two'],
  },
  {
    code: 'IST0157',
    name: 'no-provider',
    objects: [
      pod('a', { app: 'a' }),
      pod('b', { app: 'b' }),
      telemetry('good', 'a', { accessLogging: [{ providers: [{ name: 'envoy' }] }] }),
      telemetry('bad', 'b', { accessLogging: [{}] }),
    ],
    told: ['Telemetry bad'],
  },
  {
    code: 'IST0127',
    name: 'for-nobody',
    objects: [
      proxied('a'),
      policy('good', { selector: { matchLabels: { app: 'a' } } }),
      policy('all', {}),
      policy('bad', { selector: { matchLabels: { app: 'nobody' } } }),
    ],
    told: ['AuthorizationPolicy bad'],
  },
  {
    code: 'IST0101',
    name: 'namespaces',
    objects: [proxied('a'), policy('good', from('ist0101-*')), policy('bad', from('nowhere'))],
    told: ['AuthorizationPolicy bad'],
  },
];
