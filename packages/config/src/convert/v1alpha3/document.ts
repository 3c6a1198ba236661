// One object of networking.istio.io/v1alpha3 as Istio 0.8 wrote it.
import type { LocatedResource } from '../../located-resource.ts';

export interface V1alpha3Document {
  readonly apiVersion: 'networking.istio.io/v1alpha3';
  readonly kind: 'DestinationRule' | 'Gateway' | 'ServiceEntry' | 'VirtualService';
  readonly metadata: { readonly creationTimestamp: null; readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

export function v1alpha3Document(
  kind: V1alpha3Document['kind'],
  { name, namespace }: Pick<LocatedResource['metadata'], 'name' | 'namespace'>,
  spec: V1alpha3Document['spec'],
): V1alpha3Document {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind,
    metadata: { creationTimestamp: null, name, namespace },
    spec,
  };
}
