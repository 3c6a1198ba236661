// Which endpoints take no mutual TLS although they have a sidecar: clients must know beforehand.
import { type LocatedResource, type PeerAuthentication, securityPolicies } from '@meltemi/config';
import type { Endpoint, RegistryView } from '@meltemi/registry';
import type { Snapshot } from '../snapshot.ts';
import { type MutualTlsMode, mutualTlsModes, peerAuthenticationsOf } from './mutual-tls-modes.ts';

/** What switches mutual TLS off somewhere in the mesh. */
export interface PlainServers {
  readonly policies: readonly LocatedResource<PeerAuthentication>[];
  readonly otherwise: MutualTlsMode;
  readonly rootNamespace: string;
}

const known = new WeakMap<readonly LocatedResource<PeerAuthentication>[], PlainServers>();

/** Undefined: nothing does. The same value for the same policies. */
export function plainServers({ config, mesh }: Pick<Snapshot, 'config' | 'mesh'>): PlainServers | undefined {
  const policies = securityPolicies(config, mesh.domain).peerAuthentications;
  const { mutualTls: otherwise, rootNamespace } = mesh;
  if (otherwise !== 'DISABLE' && !policies.some(({ spec }) => switchesOff(spec))) return undefined;
  const before = known.get(policies);
  if (before && before.otherwise === otherwise && before.rootNamespace === rootNamespace) return before;
  const servers = { policies, otherwise, rootNamespace };
  known.set(policies, servers);
  return servers;
}

function switchesOff({ mtls, portLevelMtls = {} }: PeerAuthentication): boolean {
  return mtls?.mode === 'DISABLE' || Object.values(portLevelMtls).some(({ mode }) => mode === 'DISABLE');
}

/** True where the endpoint's own policies switch mutual TLS off at its port. */
export function isPlainServer(endpoint: Endpoint, servers: PlainServers, registry: RegistryView): boolean {
  const { namespace, labels } = endpoint;
  const { policies, otherwise, rootNamespace } = servers;
  const workload = { namespace, labels, rootNamespace };
  const modes = mutualTlsModes(peerAuthenticationsOf(policies, workload), otherwise);
  return (modes.ports.get(containerPort(endpoint, registry)) ?? modes.mode) === 'DISABLE';
}

/** Of a placed pod another port stands for it. */
function containerPort({ address, namespace, workload }: Endpoint, registry: RegistryView): number {
  const placed = registry.workload(namespace, workload)?.placement?.inbound ?? [];
  return placed.find(({ listen }) => listen.port === address.port)?.containerPort ?? address.port;
}
