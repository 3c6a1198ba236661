// PeerAuthentications → which mutual TLS a workload asks for, by port.
// https://istio.io/latest/docs/reference/config/security/peer_authentication/
import { selects } from '@meltemi/base';
import type { LocatedResource, PeerAuthentication } from '@meltemi/config';
import type { PolicyWorkload } from './policy-target.ts';

export type MutualTlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT';

export interface MutualTlsModes {
  /** Of all other ports. */
  readonly mode: MutualTlsMode;
  readonly ports: ReadonlyMap<number, MutualTlsMode>;
}

type Policies = readonly LocatedResource<PeerAuthentication>[];

/** Those that are heard for a workload, by how much they say of it: its own, its namespace's, the mesh's. */
export function peerAuthenticationsOf(policies: Policies, workload: PolicyWorkload): Policies {
  const { namespace, labels, rootNamespace } = workload;
  const wide = (home: string) => policies.find((policy) => policy.metadata.namespace === home && !isSelective(policy));
  const own = policies.find(
    (policy) =>
      policy.metadata.namespace === namespace &&
      namespace !== rootNamespace &&
      isSelective(policy) &&
      selects(policy.spec.selector?.matchLabels ?? {}, labels),
  );
  const levels = [own, wide(namespace), wide(rootNamespace), wide('')];
  return [...new Set(levels.filter((policy) => policy !== undefined))];
}

/** `policies`: those that are heard. `otherwise`: the mode where none says one. */
export function mutualTlsModes(policies: Policies, otherwise: MutualTlsMode): MutualTlsModes {
  const mode = policies.map(({ spec }) => known(spec.mtls?.mode)).find((said) => said !== undefined);
  const inherited = mode ?? otherwise;
  const own = policies.find(isSelective);
  const ports = Object.entries(own?.spec.portLevelMtls ?? {}).map(
    ([port, said]) => [Number(port), known(said.mode) ?? inherited] as const,
  );
  return { mode: inherited, ports: new Map(ports) };
}

function isSelective({ spec }: LocatedResource<PeerAuthentication>): boolean {
  return Object.keys(spec.selector?.matchLabels ?? {}).length > 0;
}

function known(mode: string | undefined): MutualTlsMode | undefined {
  return mode === 'DISABLE' || mode === 'PERMISSIVE' || mode === 'STRICT' ? mode : undefined;
}
