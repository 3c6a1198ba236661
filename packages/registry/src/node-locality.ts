// Where the nodes of a cluster stand: `region/zone/subzone`, from the labels that cloud providers put on them.
// https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesioregion
import type { Labels } from '@meltemi/base';
import type { LocatedResource } from '@meltemi/config';

/** By the node's name; a node that says nothing is left out. */
export function nodeLocalities(nodes: readonly LocatedResource[]): ReadonlyMap<string, string> {
  const said = nodes.map(({ metadata }) => [metadata.name, localityOf(metadata.labels)] as const);
  return new Map(said.filter(([, locality]) => locality !== ''));
}

/** The second names are those before Kubernetes 1.17. */
function localityOf(labels: Labels): string {
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '';
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '';
  const subzone = labels['topology.istio.io/subzone'] ?? '';
  return `${region}/${zone}/${subzone}`.replace(/\/+$/, '');
}
