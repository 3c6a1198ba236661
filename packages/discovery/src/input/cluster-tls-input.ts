// Decides how a cluster's connections are secured: mutual TLS within the mesh, else what its rule says.
import type { ClientTls } from '@meltemi/config';
import type { RegistryView, Service, ServicePort } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ClusterTlsInput, MeshTlsInput } from './cluster-input.ts';
import { outboundServerName } from './cluster-name.ts';
import { takesMutualTls } from './endpoint-inputs.ts';
import { trustDomainsOf } from './mesh-tls.ts';
import type { PlainServers } from './plain-servers.ts';

export interface ClusterTlsContext {
  readonly mesh: MeshSettings;
  readonly registry: RegistryView;
  readonly plain: PlainServers | undefined;
  readonly subset: string;
  /** True: not every endpoint of the mesh need have a sidecar. False: each is one. */
  readonly redirected: boolean;
  /** Callers choose the address: one TLS serves them all. */
  readonly dialled: boolean;
}

/** Services of the mesh get mutual TLS by themselves; what is outside stays as it is. */
export function clusterTlsInput(
  service: Service,
  port: ServicePort,
  said: ClientTls | undefined,
  context: ClusterTlsContext,
): ClusterTlsInput {
  const { mesh, subset } = context;
  switch (said?.mode) {
    case 'DISABLE':
      return { kind: 'none' };
    case 'SIMPLE':
    case 'MUTUAL':
      return simple(service, said, mesh);
    case 'ISTIO_MUTUAL':
      return { kind: 'mesh', ...writtenPeer(said, meshPeer(service, port, subset, mesh)) };
    case undefined:
      return mesh.autoMutualTls ? automatic(service, port, context) : { kind: 'none' };
  }
}

/** Where callers dial addresses, one TLS serves all endpoints: each must have a sidecar. */
function automatic(service: Service, port: ServicePort, context: ClusterTlsContext): ClusterTlsInput {
  const { mesh, registry, redirected, dialled, subset } = context;
  const looked = redirected && service.resolution === 'dns';
  const known = service.resolution === 'registry' || looked;
  if (service.meshExternal || !known) return { kind: 'none' };
  const peer = meshPeer(service, port, subset, mesh);
  if (!dialled) return { kind: 'mesh-endpoints', ...peer };
  const endpoints = registry.instances(service.host, port.number, service.namespace);
  return endpoints.length > 0 && endpoints.every((endpoint) => takesMutualTls(endpoint, context))
    ? { kind: 'mesh', ...peer }
    : { kind: 'none' };
}

/** What a rule writes stands before what the mesh knows. */
function writtenPeer({ sni, subjectAltNames }: ClientTls, known: Omit<MeshTlsInput, 'kind'>) {
  return { sni: sni ?? known.sni, subjectAltNames: subjectAltNames ?? known.subjectAltNames };
}

function meshPeer(service: Service, port: ServicePort, subset: string, mesh: MeshSettings): Omit<MeshTlsInput, 'kind'> {
  const trustDomains = trustDomainsOf(mesh);
  return {
    sni: outboundServerName(service.host, port.number, subset),
    subjectAltNames: service.serviceAccounts.flatMap((account) =>
      trustDomains.map((name) => `spiffe://${name}/ns/${service.namespace}/sa/${account}`),
    ),
  };
}

/** The least version is for servers to ask. */
function simple(service: Service, said: ClientTls, mesh: MeshSettings): ClusterTlsInput {
  const verified = said.insecureSkipVerify !== true;
  const { minVersion: _, ...limits } = mesh.tls.outside;
  return {
    kind: 'simple',
    ...(Object.keys(limits).length > 0 && { limits }),
    sni: said.sni ?? (service.host.startsWith('*') ? '' : service.host),
    caCertificates: verified ? (said.caCertificates ?? mesh.systemRoots) : '',
    clientCertificate: said.mode === 'MUTUAL' ? (said.clientCertificate ?? '') : '',
    privateKey: said.mode === 'MUTUAL' ? (said.privateKey ?? '') : '',
    subjectAltNames: verified ? (said.subjectAltNames ?? (service.host.startsWith('*') ? [] : [service.host])) : [],
  };
}
