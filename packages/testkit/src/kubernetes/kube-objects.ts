// The objects that a cluster's users and controllers would make for an application: pods that run, services and their endpoints.
import type { KubeObject } from './kube-client.ts';

export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  /** Value of the label `app`, and name of the service account. */
  readonly app: string;
  readonly version: string;
  readonly address: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ServiceFacts {
  readonly namespace: string;
  readonly name: string;
  /** Address of the service, of 10.96.0.0/12. */
  readonly address: string;
  readonly ports: readonly ServicePort[];
  /** Ready pods behind it. */
  readonly pods: readonly PodFacts[];
}

export interface ServicePort {
  /** Its prefix says the protocol, as `http` or `tcp-x`. */
  readonly name: string;
  readonly port: number;
  readonly targetPort: number;
}

export function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function serviceAccount(namespace: string, name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } };
}

/** As an injected one. */
export function pod({ namespace, name, app, version, labels }: PodFacts): KubeObject {
  const ofMesh = { 'security.istio.io/tlsMode': 'istio', 'service.istio.io/canonical-name': app };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { app, version, ...ofMesh, ...labels } },
    spec: { serviceAccountName: app, containers: [{ name: 'app', image: app }] },
  };
}

/** What the kubelet says of a pod that runs. */
export function runningStatus({ address }: PodFacts): object {
  const conditions = [{ type: 'Ready', status: 'True' }];
  return { phase: 'Running', podIP: address, podIPs: [{ ip: address }], conditions };
}

export function service({ namespace, name, address, ports, pods }: ServiceFacts): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { clusterIP: address, selector: { app: pods[0]?.app ?? name }, ports },
  };
}

/** What the controller writes for a service's ready pods. */
export function endpointSlice({ namespace, name, ports, pods }: ServiceFacts): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: ports.map((port) => ({ name: port.name, port: port.targetPort, protocol: 'TCP' })),
    endpoints: pods.map((pod) => ({
      addresses: [pod.address],
      conditions: { ready: true, serving: true },
      targetRef: { kind: 'Pod', namespace, name: pod.name },
    })),
  };
}
