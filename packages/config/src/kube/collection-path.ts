// A kind and the version in which a server has it → the paths of its collections and objects.
import type { Kind } from '../kind.ts';

/** A kind as a server has it. */
export interface ServedKind {
  readonly kind: Kind;
  /** `v1`, `networking.istio.io/v1`. */
  readonly apiVersion: string;
}

/** Of all namespaces, or of one. */
export function collectionPath({ kind, apiVersion }: ServedKind, namespace?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespace ? `${root}/namespaces/${namespace}/${kind.plural}` : `${root}/${kind.plural}`;
}

export function objectPath(served: ServedKind, { namespace, name }: { namespace: string; name: string }): string {
  return `${collectionPath(served, served.kind.clusterScoped ? undefined : namespace)}/${name}`;
}
