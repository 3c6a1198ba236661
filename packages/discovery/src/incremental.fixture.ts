// A mesh of many kinds of objects, each in a file of its own, in forms that a number chooses.

/** Files: `KIND-NUMBER`. */
export const SLOTS: readonly string[] = [
  ...['entry', 'rule', 'destination'].flatMap((kind) => [0, 1, 2, 3].map((number) => `${kind}-${number}`)),
  ...['service', 'pod'].flatMap((kind) => [0, 1, 2].map((number) => `${kind}-${number}`)),
  ...['sidecar', 'peer', 'authorization', 'gateway', 'filter'].map((kind) => `${kind}-0`),
];

type Form = (number: number, choose: <Item>(...from: readonly Item[]) => Item, change: number) => object;

/** A file's text; `change` makes each differ from all before. */
export function changedObject(slot: string, seed: number, change: number): string {
  const [kind, number] = slot.split('-') as [string, string];
  let rest = seed * 7919 + Number(number) + 1;
  const choose = <Item>(...from: readonly Item[]): Item => {
    rest = (rest * 1_103_515_245 + 12_345) % 2_147_483_648;
    return from[rest % from.length]!;
  };
  const object = FORMS[kind]!(Number(number), choose, change) as { readonly metadata: object };
  const annotations = { change: String(change) };
  return JSON.stringify({ ...object, metadata: { ...object.metadata, annotations } });
}

const host = (number: number): string => `svc-${number}.example`;
const serviceHost = (number: number): string => `web-${number}.a.svc.cluster.local`;

const FORMS: Readonly<Record<string, Form>> = {
  entry: (number, choose, change) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: `svc-${number}`, namespace: choose('a', 'b') },
    spec: {
      hosts: [host(number)],
      ...(choose(true, false) && { addresses: [`240.0.0.${number + 1}`] }),
      ports: [{ number: choose(80, 9000), name: choose('http', 'tcp'), protocol: choose('HTTP', 'TCP') }],
      resolution: choose('STATIC', 'STATIC', 'DNS'),
      location: choose('MESH_INTERNAL', 'MESH_EXTERNAL'),
      exportTo: [choose('*', '*', '.')],
      endpoints: [1, 2, choose(3, 4)].map((last) => ({
        address: `10.0.${number % 2}.${last}`,
        labels: { version: choose('v1', 'v2') },
        locality: choose('r1/z1', 'r1/z2', ''),
        weight: (change % 50) + 1,
      })),
    },
  }),
  rule: (number, choose, change) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: `rule-${number}`, namespace: choose('a', 'b') },
    spec: {
      hosts: [choose(host(number), serviceHost(number), '*.example', 'other.example')],
      exportTo: [choose('*', '*', '.')],
      gateways: choose(['mesh'], ['mesh', 'a/gateway'], ['a/gateway']),
      http: [
        {
          name: `change-${change}`,
          ...(choose(true, false) && { match: [{ sourceLabels: { app: choose('web', 'db') } }] }),
          route: [{ destination: { host: host(choose(0, 1, 2)), subset: choose('v1', 'v2') } }],
        },
        { match: [{ sourceNamespace: choose('a', 'b') }], route: [{ destination: { host: host(number) } }] },
      ],
    },
  }),
  destination: (number, choose, change) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: `destination-${number}`, namespace: choose('a', 'b', 'istio-system') },
    spec: {
      host: choose(host(number), serviceHost(number), '*.example'),
      exportTo: [choose('*', '*', '.')],
      trafficPolicy: { connectionPool: { http: { http2MaxRequests: (change % 100) + 1 } } },
      subsets: choose(['v1'], ['v1', 'v2'], []).map((version) => ({ name: version, labels: { version } })),
    },
  }),
  service: (number, choose) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `web-${number}`, namespace: 'a' },
    spec: {
      clusterIP: choose(`10.96.0.${number + 1}`, 'None'),
      selector: { app: choose('web', 'db') },
      ports: [{ name: choose('http', 'tcp', ''), port: choose(80, 9000), targetPort: 8080 }],
    },
  }),
  pod: (number, choose) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: choose('web', 'db', `pod-${number}`), namespace: 'a', labels: { app: choose('web', 'db') } },
    spec: { serviceAccountName: choose('one', 'two'), containers: [{ name: 'app' }] },
    status: {
      phase: 'Running',
      podIP: `10.0.0.${number + 1}`,
      conditions: [{ type: 'Ready', status: choose('True', 'False') }],
    },
  }),
  sidecar: (_, choose) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: { name: 'default', namespace: choose('a', 'b', 'istio-system') },
    spec: {
      ...(choose(true, false) && { workloadSelector: { labels: { app: 'web' } } }),
      egress: [{ hosts: [choose('./*', '*/*', `*/${host(1)}`)] }],
      outboundTrafficPolicy: { mode: choose('ALLOW_ANY', 'REGISTRY_ONLY') },
    },
  }),
  peer: (_, choose) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: choose('a', 'b', 'istio-system') },
    spec: { mtls: { mode: choose('STRICT', 'PERMISSIVE', 'DISABLE') } },
  }),
  authorization: (_, choose) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'policy', namespace: choose('a', 'b') },
    spec: {
      selector: { matchLabels: { app: choose('web', 'db') } },
      action: choose('ALLOW', 'DENY'),
      rules: [{ from: [{ source: { namespaces: [choose('a', 'b')] } }] }],
    },
  }),
  gateway: (_, choose) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'gateway', namespace: 'a' },
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: choose(80, 8080), name: 'http', protocol: 'HTTP' }, hosts: [choose('*', host(0))] }],
    },
  }),
  filter: (_, choose, change) => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'filter', namespace: choose('a', 'istio-system') },
    spec: {
      ...(choose(true, false) && { workloadSelector: { labels: { app: 'web' } } }),
      configPatches: [
        {
          applyTo: 'CLUSTER',
          match: { context: choose('SIDECAR_OUTBOUND', 'ANY') },
          patch: { operation: 'MERGE', value: { perConnectionBufferLimitBytes: change + 1000 } },
        },
      ],
    },
  }),
};
