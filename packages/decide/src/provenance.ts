// Reads from metadata where a piece of configuration was written.
import type { Metadata } from '@meltemi/api/envoy/config/core/v3/base_pb';

export interface Provenance {
  /** file:line */
  readonly source: string | undefined;
  /** The resource as Istio names it: `/apis/networking.istio.io/v1/namespaces/NS/virtual-service/NAME`. */
  readonly config: string | undefined;
}

export function provenanceOf(metadata: Metadata | undefined): Provenance {
  return { source: text(metadata, 'meltemi', 'source'), config: text(metadata, 'istio', 'config') };
}

function text(metadata: Metadata | undefined, filter: string, key: string): string | undefined {
  const value = metadata?.filterMetadata[filter]?.[key];
  return typeof value === 'string' ? value : undefined;
}

/** Names a part of the configuration for messages: its kind, its name, and where it was written. */
export function placeOf(kind: string, name: string, { source, config }: Provenance): string {
  const written = source ?? config;
  return written === undefined ? `${kind} ${name}` : `${kind} ${name} (${written})`;
}
