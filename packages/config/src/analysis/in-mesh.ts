// Whether a pod has a proxy, or will have one, as labels of pods and namespaces tell.
import type { Labels } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { Workload } from '../workload.ts';
import type { Subject } from './analyzer.ts';

export const INJECTION = 'istio-injection';
export const REVISION = 'istio.io/rev';
export const DATA_PLANE = 'istio.io/dataplane-mode';
export const INJECT = 'sidecar.istio.io/inject';
export const PROXY = 'istio-proxy';

/** What Istio itself runs. */
export function isControlPlane(labels: Labels): boolean {
  return labels['istio'] !== undefined || labels['release'] === 'istio';
}

export function hasProxy({ spec }: Workload): boolean {
  return [...spec.containers, ...(spec.initContainers ?? [])].some(({ name, image }) => name === PROXY && image);
}

/** Without a sidecar: the node's own proxy takes its connections. */
export function isAmbient({ annotations }: Workload): boolean {
  return annotations['ambient.istio.io/redirection'] === 'enabled';
}

export function isAmbientNamespace(namespace: LocatedResource | undefined): boolean {
  const labels = namespace?.metadata.labels ?? {};
  return labels[INJECTION] !== 'enabled' && !labels[REVISION] && labels[DATA_PLANE] === 'ambient';
}

/** What the pod itself says counts before what its namespace says. */
export function isInMesh(workload: Workload, namespaces: Namespaces): boolean {
  if (hasProxy(workload)) return true;
  const said = workload.labels[INJECT] ?? workload.annotations[INJECT];
  if (said !== undefined) return said === 'true';
  return namespaces.get(workload.namespace)?.metadata.labels[INJECTION] === 'enabled';
}

export type Namespaces = ReadonlyMap<string, LocatedResource>;

export function namespacesOf({ view }: Pick<Subject, 'view'>): Namespaces {
  return new Map(view.objects('Namespace').map((namespace) => [namespace.metadata.name, namespace]));
}
