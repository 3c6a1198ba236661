// What the API server answers → an object with the metadata that every object has.
import { isRecord } from '../document.ts';
import { KubeError } from './kube-error.ts';

/** An object as the API server sends it. */
export interface KubeObject {
  readonly metadata: KubeMetadata;
  readonly [field: string]: unknown;
}

export interface KubeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  /** Where the server's history stood when the object was last written. */
  readonly resourceVersion?: string;
  /** Counts the changes of the spec. */
  readonly generation?: number;
  readonly [field: string]: unknown;
}

/** Of an object in its collection: `namespace/name`; without a namespace, `/name`. */
export function objectKey({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Throws KubeError `answer`. */
export function asKubeObject(value: unknown): KubeObject {
  const metadata = isRecord(value) ? value['metadata'] : undefined;
  if (!isRecord(metadata) || typeof metadata['name'] !== 'string') {
    throw new KubeError('answer', `the API server sent no object: ${JSON.stringify(value)?.slice(0, 80)}`);
  }
  return value as KubeObject;
}
