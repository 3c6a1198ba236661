// Reads who asks, from the last part of a v1 URL: `kind~address~workload.namespace~domain`, or in 0.1 an address.
import type { Release } from './release.ts';

export interface V1Node {
  readonly kind: 'sidecar' | 'ingress' | 'egress' | 'router';
  readonly address: string;
  /** `workload.namespace`; empty where only the address is known. */
  readonly id: string;
  /** The DNS domain in which the proxy's application looks names up; undefined: that of its services. */
  readonly domain: string | undefined;
}

/** Undefined when the text is not a node of the release. */
export function parseV1Node(text: string, release: Release): V1Node | undefined {
  if (release === '0.1') return addressNode(text);
  const [kind, address, id, domain, ...rest] = text.split('~');
  if (!isKind(kind) || address === undefined || !id || !domain || rest.length > 0) return undefined;
  return { kind, address, id, domain };
}

/** In 0.1 the gateways are called by their kind, and all else is an address. */
function addressNode(text: string): V1Node | undefined {
  if (text === '') return undefined;
  if (text === 'ingress' || text === 'egress') return { kind: text, address: '', id: '', domain: undefined };
  return { kind: 'sidecar', address: text, id: '', domain: undefined };
}

function isKind(kind: string | undefined): kind is V1Node['kind'] {
  return kind === 'sidecar' || kind === 'ingress' || kind === 'egress' || kind === 'router';
}
