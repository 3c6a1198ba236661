// How mutual TLS of the mesh ends at a listener: peers are of its trust domain, by whichever of its names, or of one that it federates with.
import type { MeshSettings } from '../mesh.ts';
import type { ServerTlsInput } from './listener-input.ts';

export function meshTls(mesh: MeshSettings): ServerTlsInput {
  const others = mesh.federated.flatMap(({ trustDomains }) => trustDomains);
  const trustDomains = [...new Set([...trustDomainsOf(mesh), ...others])];
  const limits = mesh.tls.mesh;
  return { kind: 'mesh', trustDomains, ...(Object.keys(limits).length > 0 && { limits }) };
}

/** The mesh's own first. */
export function trustDomainsOf({ trustDomain, trustDomainAliases }: MeshSettings): readonly string[] {
  return [...new Set([trustDomain, ...trustDomainAliases])];
}
