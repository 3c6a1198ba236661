// Cases of Kubernetes' own objects: namespaces, pods, deployments and services.
import type { KubeObject } from '../kubernetes/kube-client.ts';
import {
  type AnalysisCase,
  analyzedDeployment as deployment,
  analyzedPod as pod,
  analyzedService as service,
  istio,
  PROXY_CONTAINER,
} from './analyzed-objects.ts';

const INJECTED = { 'istio-injection': 'enabled' };
const OUTSIDE = { labels: { 'sidecar.istio.io/inject': 'false' } };
const proxied = { containers: [{ name: 'app', image: 'app:1' }, PROXY_CONTAINER] };
const annotated = (name: string, annotations: object) => pod(name, { app: name }, {}, { annotations });
const user = (runAsUser: number) => ({ securityContext: { runAsUser } });
const injector = (tag: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio-sidecar-injector', namespace: 'istio-system' },
  data: {
    values: JSON.stringify({
      global: { hub: 'hub', tag, proxy: { image: 'proxyv2' } },
      sidecarInjectorWebhook: { enableNamespacesByDefault: false },
    }),
  },
});

export const PLATFORM_CASES: readonly AnalysisCase[] = [
  { code: 'IST0102', name: 'undecided', labels: {}, objects: [], told: ['Namespace'] },
  {
    code: 'IST0103',
    name: 'no-proxy',
    labels: INJECTED,
    objects: [
      pod('good', { app: 'good' }, proxied),
      pod('left-out', { app: 'left-out', ...OUTSIDE.labels }),
      pod('bad', { app: 'bad' }),
    ],
    told: ['Pod bad'],
  },
  {
    code: 'IST0107',
    name: 'misplaced',
    objects: [
      annotated('good', { 'sidecar.istio.io/proxyCPU': '100m' }),
      {
        ...service('bad', { http: 80 }),
        metadata: { name: 'bad', annotations: { 'sidecar.istio.io/proxyCPU': '100m' } },
      },
    ],
    told: ['Service bad'],
  },
  {
    code: 'IST0108',
    name: 'unknown',
    objects: [
      annotated('good', { 'other.example/proxyCPUs': '1' }),
      annotated('bad', { 'sidecar.istio.io/proxyCPUs': '1' }),
    ],
    told: ['Pod bad'],
  },
  {
    code: 'IST0125',
    name: 'invalid',
    objects: [
      annotated('good', {
        'traffic.sidecar.istio.io/includeInboundPorts': '80,443',
        'traffic.sidecar.istio.io/excludeOutboundIPRanges': '10.0.0.0/8',
        'sidecar.istio.io/interceptionMode': 'TPROXY',
        'sidecar.istio.io/proxyMemory': '128Mi',
      }),
      annotated('ports', { 'traffic.sidecar.istio.io/includeInboundPorts': '80,web' }),
      annotated('networks', { 'traffic.sidecar.istio.io/excludeOutboundIPRanges': '10.0.0.0' }),
      annotated('mode', { 'sidecar.istio.io/interceptionMode': 'ALL' }),
      annotated('memory', { 'sidecar.istio.io/proxyMemory': 'much' }),
      annotated('merge', { 'prometheus.istio.io/merge-metrics': 'yes' }),
    ],
    told: ['Pod memory', 'Pod merge', 'Pod mode', 'Pod networks', 'Pod ports'],
  },
  {
    code: 'IST0135',
    name: 'old-annotations',
    objects: [
      pod('good', { app: 'good', 'sidecar.istio.io/inject': 'true' }, proxied),
      annotated('bad', { 'sidecar.istio.io/discoveryAddress': 'istiod:15012' }),
    ],
    told: ['Pod bad'],
  },
  {
    code: 'IST0116',
    name: 'two-protocols',
    labels: INJECTED,
    objects: [
      deployment('bad', { app: 'bad' }),
      service('bad', { http: 9080 }),
      service('bad-too', {}, { selector: { app: 'bad' }, ports: [{ name: 'udp-a', port: 9080, protocol: 'UDP' }] }),
      deployment('good', { app: 'good' }),
      service('good', { http: 9080 }),
    ],
    told: ['Deployment bad'],
  },
  {
    code: 'IST0137',
    name: 'two-ports',
    labels: INJECTED,
    objects: [
      deployment('bad', { app: 'bad' }),
      service('bad', { http: 9080 }),
      service(
        'bad-too',
        {},
        { selector: { app: 'bad' }, ports: [{ name: 'http', port: 9090, targetPort: 9080, protocol: 'TCP' }] },
      ),
      deployment('good', { app: 'good' }),
      service('good', { http: 9080, 'http-b': 9090 }),
    ],
    told: ['Deployment bad'],
  },
  {
    code: 'IST0118',
    name: 'port-names',
    objects: [
      service('good', { http: 80, 'grpc-web-a': 90, mysql: 3306, 'tcp-x': 70 }),
      service('bad', { web: 80 }),
      service('told', {}, { ports: [{ name: 'web', port: 80, appProtocol: 'kubernetes.io/h2c', protocol: 'TCP' }] }),
      service('known', { db: 27_017 }),
    ],
    told: ['Service bad'],
  },
  {
    code: 'IST0150',
    name: 'external-names',
    objects: [
      service('good', {}, { type: 'ExternalName', externalName: 'a.example', ports: [{ name: 'http', port: 80 }] }),
      service('bad', {}, { type: 'ExternalName', externalName: 'a.example', ports: [{ name: 'tcp', port: 80 }] }),
    ],
    told: ['Service bad'],
  },
  {
    code: 'IST0123',
    name: 'two-labels',
    labels: { 'istio-injection': 'enabled', 'istio.io/rev': 'canary' },
    objects: [],
    told: ['Namespace'],
  },
  {
    code: 'IST0144',
    name: 'proxy-user',
    objects: [
      pod('good', { app: 'good' }, user(1000)),
      pod('bad', { app: 'bad' }, user(1337)),
      pod('container', { app: 'container' }, { containers: [{ name: 'app', image: 'app:1', ...user(1337) }] }),
      deployment('deployed', { app: 'deployed' }, user(1337)),
    ],
    told: ['Deployment deployed', 'Pod bad', 'Pod container'],
  },
  {
    code: 'IST0146',
    name: 'auto-deployed',
    objects: [
      deployment('good', { app: 'good' }),
      deployment('bad', { app: 'bad' }, { containers: [{ name: 'istio-proxy', image: 'auto' }] }),
    ],
    told: ['Deployment bad'],
  },
  {
    code: 'IST0147',
    name: 'auto-image',
    objects: [
      pod('good', { app: 'good' }, proxied),
      pod('bad', { app: 'bad' }, { containers: [{ name: 'istio-proxy', image: 'auto' }] }),
    ],
    told: ['Pod bad'],
  },
  {
    code: 'IST0158',
    name: 'other-images',
    labels: INJECTED,
    objects: [
      injector('1'),
      pod('good', { app: 'good' }, { containers: [{ name: 'istio-proxy', image: 'hub/proxyv2:1' }] }),
      pod('bad', { app: 'bad' }, { containers: [{ name: 'istio-proxy', image: 'hub/proxyv2:0' }] }),
    ],
    told: ['Namespace'],
  },
  {
    code: 'IST0175',
    name: 'key-sets',
    objects: [
      istio('RequestAuthentication', 'tokens', {}),
      deployment('bad', { app: 'x' }, {}, { labels: { app: 'istiod' } }),
      deployment(
        'good',
        { app: 'y' },
        {
          containers: [
            { name: 'app', image: 'app:1', env: [{ name: 'BLOCKED_CIDRS_IN_JWKS_URIS', value: '10.0.0.0/8' }] },
          ],
        },
        { labels: { app: 'istiod' } },
      ),
    ],
    told: ['Deployment bad'],
  },
];
