// The envelope of every configuration object, as Kubernetes writes it, with the place it was read from.
import type { Labels, ResourceName, Source } from '@meltemi/base';

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** RFC 3339; empty where the store does not know. */
  readonly creationTimestamp: string;
}

/** A configuration object with its `spec` decoded to `Spec`. */
export interface Resource<Spec = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly source: Source;
}

/** The name by which messages speak of a resource. */
export function resourceName(resource: Resource): ResourceName {
  return { kind: resource.kind, namespace: resource.metadata.namespace, name: resource.metadata.name };
}
