// Pods, and what Deployments will start → workloads: what selectors and services pick.
import { type Labels, selects } from '@meltemi/base';

import type { LocatedResource } from './located-resource.ts';
import type { DeploymentSpec, PodSpec } from './model/kubernetes.ts';
import type { ConfigView } from './view.ts';

/** `path` leads to the pod's own spec in the object. */
export interface Workload {
  readonly resource: LocatedResource;
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly spec: PodSpec;
  readonly path: string;
}

export function workloadsOf({ objects }: Pick<ConfigView, 'objects'>): readonly Workload[] {
  return [...objects('Pod').map(podWorkload), ...objects('Deployment').map(deploymentWorkload)];
}

function podWorkload(resource: LocatedResource<PodSpec>): Workload {
  const { namespace, labels, annotations } = resource.metadata;
  return { resource, namespace, labels, annotations, spec: resource.spec, path: 'spec' };
}

function deploymentWorkload(resource: LocatedResource<DeploymentSpec>): Workload {
  const { metadata = {}, spec } = resource.spec.template;
  const { labels = {}, annotations = {} } = metadata;
  return { resource, namespace: resource.metadata.namespace, labels, annotations, spec, path: 'spec.template.spec' };
}

/** Those that a selector picks in a namespace; in all where none is given. */
export function picked(
  workloads: readonly Workload[],
  selector: Labels,
  namespace: string | undefined,
): readonly Workload[] {
  return workloads.filter(
    (workload) => (namespace === undefined || workload.namespace === namespace) && selects(selector, workload.labels),
  );
}
