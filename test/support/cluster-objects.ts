// Random small clusters: nodes, pods, services of all types, their slices and Endpoints.
import fc from 'fast-check';

/** Of a node; the API server writes these onto its pods too. */
const PLACE = { 'topology.kubernetes.io/region': 'r', 'topology.kubernetes.io/zone': 'z' };

/** `run` makes addresses and names of nodes that no other cluster has. */
export type ObjectsIn = (namespace: string, run: number) => readonly { readonly kind: string }[];

const name = fc.constantFrom('a', 'b', 'c', 'd');
const app = fc.constantFrom('web', 'api');
const port = fc.constantFrom(
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'grpc-x', port: 90, targetPort: 'named' },
  { name: 'any', port: 70, targetPort: 7070, appProtocol: 'kubernetes.io/h2c' },
  { name: 'udp', port: 53, targetPort: 5353, protocol: 'UDP' },
);
const pods = fc.uniqueArray(fc.record({ name, app, ready: fc.boolean(), node: fc.boolean(), probe: fc.boolean() }), {
  selector: (pod) => pod.name,
});
const services = fc.uniqueArray(
  fc.record({
    name,
    app: fc.option(app, { nil: undefined }),
    type: fc.constantFrom('ClusterIP', 'headless', 'ExternalName', 'NodePort', 'LoadBalancer'),
    ports: fc.uniqueArray(port, { minLength: 1, selector: (item) => item.name }),
    found: fc.constantFrom('slice', 'endpoints', 'both', 'nothing'),
  }),
  { selector: (service) => service.name, maxLength: 4 },
);

export const clusterObjects: fc.Arbitrary<ObjectsIn> = fc
  .record({ pods, services })
  .map((cluster) => (namespace, run) => objectsOf(cluster, namespace, run));

type Cluster = { readonly pods: Items<typeof pods>; readonly services: Items<typeof services> };
type Items<Source> = Source extends fc.Arbitrary<infer Item> ? Item : never;

function objectsOf({ pods: all, services: written }: Cluster, namespace: string, run: number) {
  const node = `node-${run}`;
  const ipOf = (index: number) => `10.${run}.0.${index + 1}`;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'Node', metadata: { name: node, labels: PLACE } },
    ...all.map((pod, index) => podObject(pod, namespace, pod.node ? node : undefined, ipOf(index))),
    ...written.map((service, index) => serviceObject(service, namespace, `10.96.${run}.${index + 1}`)),
    ...written.flatMap((service) =>
      foundObjects(
        service,
        namespace,
        all.map((pod, index) => ({ ...pod, ip: ipOf(index) })),
      ),
    ),
  ];
}

function podObject(
  { name: podName, app: label, ready, probe }: Cluster['pods'][number],
  namespace: string,
  node: string | undefined,
  ip: string,
) {
  const container = {
    name: 'app',
    image: 'app',
    ports: [{ name: 'named', containerPort: 9090, protocol: 'TCP' }],
    ...(probe && { livenessProbe: { httpGet: { path: '/', port: 9999, scheme: 'HTTP' } } }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name: podName, labels: { app: label, ...(node && PLACE) } },
    spec: { serviceAccountName: label, containers: [container], ...(node && { nodeName: node }) },
    status: { phase: 'Running', podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

function serviceObject(
  { name: serviceName, app: label, type, ports }: Cluster['services'][number],
  namespace: string,
  ip: string,
) {
  const address =
    type === 'ExternalName' ? { externalName: 'out.example' } : { clusterIP: type === 'headless' ? 'None' : ip };
  const selector = label === undefined ? {} : { selector: { app: label } };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name: serviceName },
    spec: {
      type: type === 'headless' ? 'ClusterIP' : type,
      ports: ports.map((item) => ({ protocol: 'TCP', ...item })),
      ...address,
      ...selector,
    },
  };
}

type FoundPod = Cluster['pods'][number] & { readonly ip: string };

function foundObjects(
  { name: serviceName, app: label, ports, found }: Cluster['services'][number],
  namespace: string,
  all: readonly FoundPod[],
) {
  const own = all.filter((pod) => pod.app === label);
  const targetRef = (pod: FoundPod) => ({ kind: 'Pod', namespace, name: pod.name });
  const numbered = ports.map((item) => ({
    name: item.name,
    port: typeof item.targetPort === 'number' ? item.targetPort : 9090,
    protocol: 'TCP',
  }));
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${serviceName}-1`, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: 'IPv4',
    ports: numbered,
    endpoints: own.map((pod) => ({ addresses: [pod.ip], conditions: { ready: pod.ready }, targetRef: targetRef(pod) })),
  };
  const endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { namespace, name: serviceName },
    subsets:
      own.length === 0
        ? []
        : [{ addresses: own.map((pod) => ({ ip: pod.ip, targetRef: targetRef(pod) })), ports: numbered }],
  };
  return [
    ...(found === 'slice' || found === 'both' ? [slice] : []),
    ...(found === 'endpoints' || found === 'both' ? [endpoints] : []),
  ];
}
