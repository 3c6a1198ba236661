// PeerAuthentications → which mutual TLS a workload asks for, by port.
// https://istio.io/latest/docs/reference/config/security/peer_authentication/
import { type Labels, selects } from '@meltemi/base';
import type { LocatedResource, PeerAuthentication } from '@meltemi/config';

export type MutualTlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT';

export interface MutualTlsModes {
  /** Of all other ports. */
  readonly mode: MutualTlsMode;
  readonly ports: ReadonlyMap<number, MutualTlsMode>;
}

export interface AuthenticatedWorkload {
  readonly namespace: string;
  readonly labels: Labels;
  readonly rootNamespace: string;
}

/** The oldest that selects the workload stands before its namespace's, and that before the mesh's. */
export function mutualTlsModes(
  policies: readonly LocatedResource<PeerAuthentication>[],
  { namespace, labels, rootNamespace }: AuthenticatedWorkload,
): MutualTlsModes {
  const wide = (home: string) => policies.find((policy) => policy.metadata.namespace === home && !isSelective(policy));
  const own = policies.find(
    (policy) =>
      policy.metadata.namespace === namespace &&
      isSelective(policy) &&
      selects(policy.spec.selector?.matchLabels ?? {}, labels),
  );
  const levels = [own, wide(namespace), wide(rootNamespace)];
  const mode = levels.map((policy) => known(policy?.spec.mtls?.mode)).find((said) => said !== undefined);
  const inherited = mode ?? 'PERMISSIVE';
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
