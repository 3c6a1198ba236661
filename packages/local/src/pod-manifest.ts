// Writes a running pod as Kubernetes would report it, for the control plane to read as its registry.
import { stringify } from 'yaml';
import { type Placement, PLACEMENT_ANNOTATION } from './placement.ts';
import type { Workload } from './workload.ts';

/** An injected pod has the label too: peers need not ask whether it takes mutual TLS. */
const TLS_MODE = 'security.istio.io/tlsMode';

/** The parts of a workload that its Pod shows; a gateway's pod has them too, without a Deployment. */
export type PodIdentity = Pick<Workload, 'podName' | 'namespace' | 'labels' | 'annotations' | 'serviceAccount'>;

/** A `v1` Pod in YAML: running, ready, on 127.0.0.1, with its placement as an annotation. */
export function podManifest(pod: PodIdentity, placement: Placement, createdAt: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.podName,
      namespace: pod.namespace,
      labels: { ...pod.labels, [TLS_MODE]: 'istio' },
      annotations: { ...pod.annotations, [PLACEMENT_ANNOTATION]: JSON.stringify(placement) },
      creationTimestamp: createdAt,
    },
    spec: {
      serviceAccountName: pod.serviceAccount,
      nodeName: 'localhost',
      containers: [
        {
          name: 'app',
          ports: Object.keys(placement.inbound ?? {}).map((port) => ({ containerPort: Number(port) })),
        },
      ],
    },
    status: {
      phase: 'Running',
      podIP: '127.0.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });
}
