// Makes the resource that stands for what the user wrote in older kinds; it leads back there.
import type { LocatedResource, Origin } from '../located-resource.ts';

/** What the user wrote for a field of the converted object; undefined: `from` as a whole. */
export type OriginOf = (path: string) => Origin | undefined;

export function converted<Spec>(
  kind: string,
  name: { readonly namespace: string; readonly name: string },
  spec: Spec,
  from: LocatedResource,
  originOf: OriginOf = () => undefined,
): LocatedResource<Spec> {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: {
      ...name,
      labels: {},
      annotations: {},
      resourceVersion: from.metadata.resourceVersion,
      creationTimestamp: from.metadata.creationTimestamp,
    },
    spec,
    source: from.source,
    origin: (path = ''): Origin => originOf(path) ?? from.origin(),
  };
}
