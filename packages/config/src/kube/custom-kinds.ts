// CustomResourceDefinitions of an API server → which kinds of ours it serves, and in which version.
import { isRecord } from '../document.ts';
import type { Kind } from '../kind.ts';
import { KINDS } from '../kinds.ts';
import type { ServedKind } from './collection-path.ts';
import { type KubeObject } from './kube-object.ts';

export const DEFINITIONS_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** What is kept of a definition. */
export interface Definition {
  /** `PLURAL.GROUP`. */
  readonly name: string;
  readonly established: boolean;
  /** Those that are served. */
  readonly versions: readonly string[];
}

export function definitionOf({ metadata, spec, status }: KubeObject): Definition {
  const versions = isRecord(spec) && Array.isArray(spec['versions']) ? spec['versions'].filter(isRecord) : [];
  const conditions =
    isRecord(status) && Array.isArray(status['conditions']) ? status['conditions'].filter(isRecord) : [];
  return {
    name: metadata.name,
    established: conditions.some(({ type, status: value }) => type === 'Established' && value === 'True'),
    versions: versions.filter(({ served }) => served === true).map(({ name }) => String(name)),
  };
}

/** The kind in the first of the versions that we know and the server has; undefined where it isn't served. */
export function servedKind(kind: Kind, definitions: ReadonlyMap<string, Definition>): ServedKind | undefined {
  for (const group of kind.groups) {
    const definition = definitions.get(`${kind.plural}.${group}`);
    const version = definition?.established && kind.versions.find((known) => definition.versions.includes(known));
    if (version) return { kind, apiVersion: `${group}/${version}` };
  }
  return undefined;
}

/** Kinds that Kubernetes has itself, of those that the mesh reads in a cluster. */
const PLATFORM = ['Service', 'Pod', 'Endpoints', 'EndpointSlice', 'Node', 'Namespace', 'Ingress', 'Secret'];

export function platformKinds(): readonly ServedKind[] {
  return KINDS.filter(({ kind }) => PLATFORM.includes(kind)).map((kind) => {
    const [group, version] = [kind.groups[0]!, kind.versions[0]!];
    return { kind, apiVersion: group === '' ? version : `${group}/${version}` };
  });
}

export function customKinds(): readonly Kind[] {
  return KINDS.filter(({ ours }) => ours);
}
