// Random objects that name each other, rightly and wrongly: what analyzers look at.
import type { KubeObject } from '@meltemi/testkit';
import fc from 'fast-check';

const NAMESPACES = ['r-one', 'r-two'] as const;
const APPS = ['web', 'shop', 'cart'] as const;
const namespace = fc.constantFrom(...NAMESPACES);
const app = fc.constantFrom(...APPS);
const version = fc.constantFrom('v1', 'v2', 'v3');
const host = fc.oneof(
  app,
  fc.tuple(app, namespace).map(([name, at]) => `${name}.${at}.svc.cluster.local`),
  fc.constantFrom('nowhere', 'a.random.example', 'b.random.example', 'x.wild.random.example'),
);
const exportTo = fc.constantFrom(undefined, ['*'], ['.'], ['r-two']);
const destination = fc
  .record({
    host,
    port: fc.constantFrom(undefined, undefined, 80, 90),
    subset: fc.constantFrom(undefined, undefined, undefined, 'v1', 'v2'),
  })
  .map(({ host: to, port, subset }) => ({
    host: to,
    ...(port && { port: { number: port } }),
    ...(subset && { subset }),
  }));
const prefix = fc.constantFrom('/a', '/ab', '/b', '/long/path');
const match = fc.array(
  fc.record({ uri: prefix.map((text) => ({ prefix: text })), method: fc.constantFrom(undefined, { exact: 'GET' }) }),
  { maxLength: 2 },
);
const httpRoute = fc.record({
  match,
  route: destination.map((to) => [{ destination: to }]),
  mirror: fc.option(destination, { nil: undefined, freq: 4 }),
});
const virtualService = fc.record({
  hosts: fc.uniqueArray(host, { minLength: 1, maxLength: 1 }),
  gateways: fc.constantFrom(undefined, undefined, ['front'], ['mesh', 'front'], ['gone'], ['r-one/front']),
  exportTo,
  http: fc.array(httpRoute, { minLength: 1, maxLength: 3 }),
});
const destinationRule = fc.record({
  host,
  exportTo: fc.constantFrom(undefined, ['.']),
  subsets: fc
    .uniqueArray(version, { maxLength: 2 })
    .map((names) => names.map((name) => ({ name, labels: { version: name } }))),
  trafficPolicy: fc.constantFrom(
    undefined,
    { tls: { mode: 'SIMPLE' } },
    { tls: { mode: 'MUTUAL', clientCertificate: '/c', privateKey: '/k', caCertificates: '/ca' } },
    { portLevelSettings: [{ port: { number: 80 }, tls: { mode: 'SIMPLE' } }] },
  ),
});
const serviceEntry = fc.record({
  hosts: fc.constantFrom(['a.random.example'], ['b.random.example'], ['*.wild.random.example']),
  exportTo,
  ports: fc.constantFrom('HTTP', 'TCP', 'GRPC').map((protocol) => [{ number: 80, name: 'p', protocol }]),
  addresses: fc.constantFrom(undefined, ['10.7.0.1']),
  resolution: fc.constant('NONE'),
});
const gateway = fc.record({
  selector: app.map((name) => ({ app: name })),
  servers: fc
    .tuple(fc.constantFrom(80, 90, 8080), fc.constantFrom('*', 'a.random.example', './*'))
    .map(([number, at]) => [{ port: { number, name: 'http', protocol: 'HTTP' }, hosts: [at] }]),
});
const sidecar = fc.record({
  workloadSelector: fc.option(
    fc.constantFrom(...APPS, 'nobody').map((name) => ({ labels: { app: name } })),
    { nil: undefined },
  ),
  egress: fc.constant([{ hosts: ['./*'] }]),
});
const telemetry = fc.record({
  selector: fc.option(
    fc.constantFrom(...APPS, 'nobody').map((name) => ({ matchLabels: { app: name } })),
    { nil: undefined },
  ),
  accessLogging: fc.constantFrom(undefined, [{}], [{ providers: [{ name: 'envoy' }] }]),
});
const ports = fc.constantFrom(
  [{ name: 'http', port: 80, protocol: 'TCP' }],
  [{ name: 'web', port: 80, protocol: 'TCP' }],
  [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'grpc', port: 90, protocol: 'TCP' },
  ],
);

interface Drawn {
  readonly kind: string;
  readonly namespace: string;
  readonly spec: object;
}

const drawn = (kind: string, spec: fc.Arbitrary<object>): fc.Arbitrary<Drawn> =>
  fc.record({ kind: fc.constant(kind), namespace, spec });

const object = fc.oneof(
  { weight: 4, arbitrary: drawn('VirtualService', virtualService) },
  { weight: 3, arbitrary: drawn('DestinationRule', destinationRule) },
  { weight: 2, arbitrary: drawn('ServiceEntry', serviceEntry) },
  drawn('Gateway', gateway),
  drawn('Sidecar', sidecar),
  drawn('Telemetry', telemetry),
);

/** Every app has its pods in each namespace; versions that some subsets want are missing. */
export const randomAnalyzed: fc.Arbitrary<readonly KubeObject[]> = fc
  .record({ services: fc.array(ports, { minLength: 6, maxLength: 6 }), objects: fc.array(object, { maxLength: 14 }) })
  .map(({ services, objects }) => [
    ...NAMESPACES.map(namespaceObject),
    ...NAMESPACES.flatMap((at, index) =>
      APPS.flatMap((name, place) => [serviceOf(name, at, services[index * APPS.length + place]!), podOf(name, at)]),
    ),
    ...objects.map((one, index) => istioObject(one, index)),
  ]);

function namespaceObject(name: string): KubeObject {
  const labels = { 'istio-injection': 'disabled' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

function serviceOf(name: string, at: string, written: object): KubeObject {
  const spec = { selector: { app: name }, ports: written };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: at }, spec };
}

function podOf(name: string, at: string): KubeObject {
  const metadata = { name: `${name}-1`, namespace: at, labels: { app: name, version: 'v1' } };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'app', image: 'app:1' }] } };
}

function istioObject({ kind, namespace: at, spec }: Drawn, index: number): KubeObject {
  const group = kind === 'Telemetry' ? 'telemetry' : 'networking';
  const name = kind === 'Gateway' ? 'front' : `${kind.toLowerCase()}-${index}`;
  const written = JSON.parse(JSON.stringify(spec)) as object;
  return { apiVersion: `${group}.istio.io/v1`, kind, metadata: { name, namespace: at }, spec: written };
}
