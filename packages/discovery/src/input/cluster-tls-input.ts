// Decides how a cluster's connections are secured: mutual TLS within the mesh, else what its rule says.
import type { ClientTls } from '@meltemi/config';
import { type Service, type ServicePort } from '@meltemi/registry';
import type { MeshSettings } from '../mesh.ts';
import type { ClusterTlsInput, MeshTlsInput } from './cluster-input.ts';
import { outboundServerName } from './cluster-name.ts';

export interface ClusterTlsContext {
  readonly mesh: MeshSettings;
  readonly subset: string;
  /** True: not every endpoint of the mesh need have a sidecar. False: each is one. */
  readonly redirected: boolean;
}

/** Services of the mesh get mutual TLS by themselves; what is outside stays as it is. */
export function clusterTlsInput(
  service: Service,
  port: ServicePort,
  said: ClientTls | undefined,
  { mesh, subset, redirected }: ClusterTlsContext,
): ClusterTlsInput {
  switch (said?.mode) {
    case 'DISABLE':
      return { kind: 'none' };
    case 'SIMPLE':
    case 'MUTUAL':
      return simple(service, said, mesh);
    case 'ISTIO_MUTUAL':
      return { kind: 'mesh', ...meshPeer(service, port, subset, mesh) };
    case undefined:
      return service.meshExternal || service.resolution !== 'registry'
        ? { kind: 'none' }
        : { kind: redirected ? 'mesh-endpoints' : 'mesh', ...meshPeer(service, port, subset, mesh) };
  }
}

function meshPeer(service: Service, port: ServicePort, subset: string, mesh: MeshSettings): Omit<MeshTlsInput, 'kind'> {
  return {
    sni: outboundServerName(service.host, port.number, subset),
    subjectAltNames: service.serviceAccounts.map(
      (account) => `spiffe://${mesh.trustDomain}/ns/${service.namespace}/sa/${account}`,
    ),
  };
}

function simple(service: Service, said: ClientTls, mesh: MeshSettings): ClusterTlsInput {
  const verified = said.insecureSkipVerify !== true;
  return {
    kind: 'simple',
    sni: said.sni ?? (service.host.startsWith('*') ? '' : service.host),
    caCertificates: verified ? (said.caCertificates ?? mesh.systemRoots) : '',
    clientCertificate: said.mode === 'MUTUAL' ? (said.clientCertificate ?? '') : '',
    privateKey: said.mode === 'MUTUAL' ? (said.privateKey ?? '') : '',
    subjectAltNames: verified ? (said.subjectAltNames ?? (service.host.startsWith('*') ? [] : [service.host])) : [],
  };
}
