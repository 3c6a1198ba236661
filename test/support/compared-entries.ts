// Random ServiceEntries, WorkloadEntries, Sidecars and Gateways over the compared platform, as arbitraries of their specs.
import * as fc from 'fast-check';
import { fields, maybe, rarely } from './optional-fields.ts';

const exportTo = rarely(fc.constantFrom(['.'], ['*'], ['alpha', 'gamma']));

const PORTS = [
  { number: 80, name: 'http', protocol: 'HTTP' },
  { number: 8080, name: 'http-alt', protocol: 'HTTP' },
  { number: 443, name: 'tls', protocol: 'TLS' },
  { number: 8443, name: 'https', protocol: 'HTTPS' },
  { number: 9000, name: 'tcp', protocol: 'TCP' },
  { number: 7070, name: 'any' },
  { number: 9090, name: 'grpc', protocol: 'GRPC', targetPort: 19_090 },
] as const;
const ports = fc.subarray(PORTS.slice(1), { maxLength: 3 }).map((more) => [PORTS[0], ...more]);
const location = maybe(fc.constantFrom('MESH_INTERNAL', 'MESH_EXTERNAL'));

const endpoint = (address: fc.Arbitrary<string>) =>
  fields({
    address,
    ports: rarely(fc.constant({ http: 18_080 })),
    labels: maybe(fc.constantFrom({ version: 'v1' }, { version: 'v2', 'security.istio.io/tlsMode': 'istio' })),
    weight: rarely(fc.constantFrom(1, 5)),
    locality: rarely(fc.constantFrom('r1/z1/s1', 'r2')),
    serviceAccount: rarely(fc.constant('account')),
  });
const ip = fc.constantFrom('10.7.0.1', '10.7.0.2', '10.7.0.3');
const name = fc.constantFrom('one.example', 'two.example');
const endpoints = (address: fc.Arbitrary<string>) =>
  fc.uniqueArray(endpoint(address), { selector: (each) => each['address'], minLength: 1, maxLength: 2 });

const common = { ports, location, exportTo };
const anyEntry = fc.oneof(
  fields({
    ...common,
    hosts: fc.constantFrom(['entry.example'], ['entry.example', 'more.example']),
    addresses: maybe(fc.constantFrom(['10.200.0.1'], ['10.201.0.0/16'], ['10.200.0.2', '10.200.0.3'])),
    resolution: fc.constant('STATIC'),
    endpoints: endpoints(ip),
  }),
  fields({
    ...common,
    hosts: fc.constantFrom(['dns.example'], ['dns.example', 'other.example']),
    resolution: fc.constantFrom('DNS', 'DNS_ROUND_ROBIN'),
    endpoints: rarely(endpoints(name).map((all) => all.slice(0, 1))),
  }),
  fields({
    ...common,
    hosts: fc.constantFrom(['*.wild.example'], ['none.example']),
    addresses: rarely(fc.constantFrom(['10.202.0.1'], ['10.203.0.0/24'])),
    resolution: fc.constant('NONE'),
  }),
  fields({
    ...common,
    hosts: fc.constant(['selected.example']),
    resolution: fc.constant('STATIC'),
    workloadSelector: fc.constantFrom({ labels: { app: 'vm' } }, { labels: { app: 'web' } }),
  }),
);

/** Hosts without addresses of their own share a port only where requests or hellos name them. */
export const serviceEntry = anyEntry.map(({ hosts, ...rest }) => {
  const opaque = (rest['ports'] as { readonly protocol?: string }[]).some(({ protocol = 'TCP' }) => protocol === 'TCP');
  return { ...rest, hosts: opaque ? (hosts as string[]).slice(0, 1) : hosts };
});

export const workloadEntry = fields({
  address: fc.constantFrom('10.8.0.1', '10.8.0.2'),
  labels: fc.constantFrom({ app: 'vm', version: 'v1' }, { app: 'web', version: 'v2' }),
  ports: rarely(fc.constant({ http: 18_081 })),
  weight: rarely(fc.constantFrom(1, 3)),
  locality: rarely(fc.constant('r3/z3')),
  serviceAccount: maybe(fc.constant('vm')),
});

export const sidecar = fields({
  workloadSelector: rarely(fc.constantFrom({ labels: { app: 'web' } }, { labels: { app: 'client' } })),
  egress: fc
    .constantFrom<string[]>(
      ['*/*'],
      ['./*'],
      ['*/*', '~/dns.example'],
      ['*/*', '~beta/*'],
      ['~alpha/*'],
      ['./*', 'alpha/*'],
      ['beta/web.beta.svc.cluster.local', '*/entry.example'],
      ['./web.alpha.svc.cluster.local'],
    )
    // Without it the marker of the comparison would not be seen.
    .map((hosts) => [{ hosts: hosts.includes('*/*') ? hosts : [...hosts, 'marker/*'] }]),
  outboundTrafficPolicy: rarely(fc.constantFrom({ mode: 'REGISTRY_ONLY' }, { mode: 'ALLOW_ANY' })),
});

const hosts = fc.constantFrom(['*'], ['entry.example'], ['*.example'], ['web.beta.svc.cluster.local', 'dns.example']);
const server = fc.oneof(
  fields({
    port: fc.constantFrom(80, 8081).map((number) => ({ number, name: 'http', protocol: 'HTTP' })),
    hosts,
    tls: rarely(fc.constant({ httpsRedirect: true })),
  }),
  fields({
    port: fc.constant({ number: 443, name: 'https', protocol: 'HTTPS' }),
    hosts,
    tls: fc.constantFrom<object>(
      { mode: 'SIMPLE', credentialName: 'own' },
      { mode: 'MUTUAL', credentialName: 'own' },
      { mode: 'ISTIO_MUTUAL' },
      { mode: 'PASSTHROUGH' },
      { mode: 'SIMPLE', serverCertificate: '/s.pem', privateKey: '/k.pem' },
    ),
  }),
  fields({ port: fc.constant({ number: 31_400, name: 'tcp', protocol: 'TCP' }), hosts }),
);
/** Of two servers with TLS on one port istiod keeps the names of the first, even where no rule routes it. */
function portOf({ port }: Record<string, unknown>): number {
  return (port as { readonly number: number }).number;
}

export const gateway = fc.uniqueArray(server, { selector: portOf, minLength: 1, maxLength: 3 }).map((servers) => ({
  selector: { app: 'gateway' },
  servers: servers.map((each, index) => ({
    ...each,
    port: { ...(each['port'] as object), name: `${(each['port'] as { name: string }).name}-${index}` },
  })),
}));
