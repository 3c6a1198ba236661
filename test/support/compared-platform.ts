// The Kubernetes objects on which control planes are compared: services and pods of every kind that changes what proxies get.
import { type KubeObject, namespace } from '@meltemi/testkit';
import type { CollectedNode } from './xds-collect.ts';

interface App {
  readonly namespace: string;
  readonly app: string;
  readonly versions: readonly string[];
  /** False: pods without a sidecar. */
  readonly injected?: boolean;
  readonly containerPorts?: readonly object[];
}

interface Exposed {
  readonly namespace: string;
  readonly name: string;
  readonly spec: object;
  /** Selected pods, by the app's name; undefined: none are found. */
  readonly app?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ports: readonly PortFacts[];
}

interface PortFacts {
  readonly name: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly protocol?: 'TCP' | 'UDP';
  readonly appProtocol?: string;
}

const APPS: readonly App[] = [
  { namespace: 'alpha', app: 'web', versions: ['v1', 'v2'] },
  { namespace: 'alpha', app: 'api', versions: ['v1'], containerPorts: [{ name: 'rest', containerPort: 8081 }] },
  { namespace: 'alpha', app: 'db', versions: ['v1', 'v2'] },
  { namespace: 'beta', app: 'web', versions: ['v1', 'v3'] },
  { namespace: 'beta', app: 'queue', versions: ['v1'] },
  { namespace: 'beta', app: 'bare', versions: ['v1'], injected: false },
  { namespace: 'gamma', app: 'client', versions: ['v1'] },
  { namespace: 'istio-system', app: 'gateway', versions: ['v1'] },
];

const SERVICES: readonly Exposed[] = [
  exposed('alpha', 'web', [
    { name: 'http', port: 80, targetPort: 8080 },
    { name: 'grpc', port: 9090 },
    { name: 'tcp', port: 9000 },
  ]),
  exposed('alpha', 'api', [
    { name: 'http-rest', port: 8080, targetPort: 'rest' },
    { name: 'https', port: 443, targetPort: 8443 },
    { name: 'unnamed', port: 7070 },
    { name: 'by-protocol', port: 7071, appProtocol: 'http2' },
  ]),
  {
    ...exposed('alpha', 'db', [
      { name: 'tcp', port: 5432 },
      { name: 'any', port: 5433 },
    ]),
    spec: { clusterIP: 'None' },
  },
  { ...exposed('beta', 'headless', [{ name: 'http', port: 8085 }], 'web'), spec: { clusterIP: 'None' } },
  {
    namespace: 'alpha',
    name: 'outside',
    spec: { type: 'ExternalName', externalName: 'outside.example' },
    ports: [{ name: 'http', port: 80 }],
  },
  exposed('beta', 'web', [{ name: 'http', port: 80, targetPort: 8080 }]),
  exposed('beta', 'queue', [
    { name: 'mongo', port: 27_017 },
    { name: 'redis', port: 6379 },
    { name: 'tls', port: 8443 },
  ]),
  exposed('beta', 'bare', [
    { name: 'http', port: 8080 },
    { name: 'udp', port: 53, protocol: 'UDP' },
  ]),
  {
    ...exposed('beta', 'private', [{ name: 'http', port: 8090 }], 'web'),
    annotations: { 'networking.istio.io/exportTo': '.' },
  },
  { namespace: 'beta', name: 'empty', spec: {}, ports: [{ name: 'http', port: 8095 }] },
  {
    ...exposed('istio-system', 'gateway', [
      { name: 'http2', port: 80, targetPort: 8080 },
      { name: 'https', port: 443, targetPort: 8443 },
      { name: 'tcp', port: 31_400 },
    ]),
    spec: { type: 'LoadBalancer' },
  },
];

/** All objects, in the order in which they can be created. */
export const PLATFORM: readonly KubeObject[] = [
  ...['alpha', 'beta', 'gamma', 'istio-system'].map(namespace),
  ...APPS.flatMap((app, index) => app.versions.map((version, number) => podOf(app, version, addressOf(index, number)))),
  ...SERVICES.flatMap((service, index) => serviceObjects(service, `10.96.1.${index + 1}`)),
];

/** Sidecars that serve and that only call, and a gateway. */
export const NODES: readonly CollectedNode[] = [
  nodeOf('sidecar', 'alpha', 'web', 'v1'),
  nodeOf('sidecar', 'alpha', 'api', 'v1'),
  catchingDns(nodeOf('sidecar', 'beta', 'queue', 'v1')),
  { ...nodeOf('sidecar', 'gamma', 'client', 'v1'), locality: { region: 'r1', zone: 'z1', subZone: 's1' } },
  nodeOf('router', 'istio-system', 'gateway', 'v1'),
];

function exposed(home: string, name: string, ports: readonly PortFacts[], app = name): Exposed {
  return { namespace: home, name, app, ports, spec: {} };
}

function addressOf(app: number, version: number): string {
  return `10.244.${app + 1}.${version + 1}`;
}

function labelsOf({ app, injected = true }: App, version: string): Record<string, string> {
  return { app, version, ...(injected && { 'security.istio.io/tlsMode': 'istio' }) };
}

function podOf(app: App, version: string, podIP: string): KubeObject {
  const { containerPorts = [] } = app;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: app.namespace, name: `${app.app}-${version}`, labels: labelsOf(app, version) },
    spec: { serviceAccountName: app.app, containers: [{ name: 'app', image: app.app, ports: containerPorts }] },
    status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

function serviceObjects(service: Exposed, clusterIP: string): KubeObject[] {
  const { namespace: home, name, spec, app, annotations = {}, ports } = service;
  const external = 'externalName' in spec;
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: home, name, annotations },
    spec: { ...(!external && { clusterIP }), ...(app && { selector: { app } }), ports, ...spec },
  };
  return app ? [object, sliceOf(service)] : [object];
}

/** What Kubernetes' controller writes of the pods that it found. */
function sliceOf({ namespace: home, name, app, ports }: Exposed): KubeObject {
  const index = APPS.findIndex((each) => each.namespace === home && each.app === app);
  const { versions, containerPorts = [] } = APPS[index]!;
  const numberOf = ({ port, targetPort = port }: PortFacts) =>
    typeof targetPort === 'number'
      ? targetPort
      : (containerPorts[0] as { readonly containerPort: number }).containerPort;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: home, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: ports.map((port) => ({ name: port.name, port: numberOf(port), protocol: port.protocol ?? 'TCP' })),
    endpoints: versions.map((version, number) => ({
      addresses: [addressOf(index, number)],
      conditions: { ready: true, serving: true },
      targetRef: { kind: 'Pod', namespace: home, name: `${app}-${version}` },
    })),
  };
}

/** Its agent answers for names, with addresses of the control plane where services have none. */
function catchingDns({ id, metadata }: CollectedNode): CollectedNode {
  return { id, metadata: { ...metadata, DNS_CAPTURE: 'true', DNS_AUTO_ALLOCATE: 'true' } };
}

function nodeOf(kind: 'sidecar' | 'router', home: string, app: string, version: string): CollectedNode {
  const index = APPS.findIndex((each) => each.namespace === home && each.app === app);
  const address = addressOf(index, APPS[index]!.versions.indexOf(version));
  return {
    id: `${kind}~${address}~${app}-${version}.${home}~${home}.svc.cluster.local`,
    metadata: {
      NAMESPACE: home,
      NAME: `${app}-${version}`,
      CLUSTER_ID: 'Kubernetes',
      MESH_ID: 'cluster.local',
      ISTIO_VERSION: '1.30.0',
      INTERCEPTION_MODE: 'REDIRECT',
      INSTANCE_IPS: address,
      SERVICE_ACCOUNT: app,
      WORKLOAD_NAME: app,
      LABELS: { app, version },
    },
  };
}
