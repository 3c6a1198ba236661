// Who looks at what the control plane knows of proxies, and how much of it is theirs to see.
import type { ProxyNode } from './proxy-node.ts';

/** Operators see everything; who comes from a namespace of applications sees the proxies of that namespace. */
export type Viewer = { readonly kind: 'operator' } | { readonly kind: 'namespace'; readonly namespace: string };

export const OPERATOR: Viewer = { kind: 'operator' };

/** The root namespace is the mesh's own: who comes from there operates it. */
export function viewerFrom(namespace: string, rootNamespace: string): Viewer {
  return namespace === rootNamespace ? OPERATOR : { kind: 'namespace', namespace };
}

export function seesProxy(viewer: Viewer, node: Pick<ProxyNode, 'namespace'>): boolean {
  return viewer.kind === 'operator' || viewer.namespace === node.namespace;
}

/** `address`: of a peer, with or without its port, as `127.0.0.1:1234` or `[::1]:1234`. */
export function isLoopback(address: string): boolean {
  return /^(?:\[?::ffff:)?127\.\d+\.\d+\.\d+\]?(?::\d+)?$|^\[::1\]:\d+$|^::1$/.test(address);
}
