// How mutual TLS of the mesh ends at a listener: peers are of its trust domain, by whichever of its names.
import type { MeshSettings } from '../mesh.ts';
import type { ServerTlsInput } from './listener-input.ts';

export function meshTls(mesh: MeshSettings): ServerTlsInput {
  return { kind: 'mesh', trustDomains: trustDomainsOf(mesh) };
}

/** The mesh's own first. */
export function trustDomainsOf({ trustDomain, trustDomainAliases }: MeshSettings): readonly string[] {
  return [...new Set([trustDomain, ...trustDomainAliases])];
}
