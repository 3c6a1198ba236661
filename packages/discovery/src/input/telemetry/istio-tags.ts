// The tags that Istio puts on every span: whose proxy it is, and what a policy on trial would have said.
import type { ProxyScope } from '../../scope.ts';
import type { SpanTagInput } from './telemetry-input.ts';

const TRIED = [
  ['allow_policy.name', 'istio_dry_run_allow_shadow_effective_policy_id'],
  ['allow_policy.result', 'istio_dry_run_allow_shadow_engine_result'],
  ['deny_policy.name', 'istio_dry_run_deny_shadow_effective_policy_id'],
  ['deny_policy.result', 'istio_dry_run_deny_shadow_engine_result'],
] as const;

export function istioTags({ node, labels }: ProxyScope): readonly SpanTagInput[] {
  const meshId = node.metadata['MESH_ID'];
  const said = {
    canonical_revision: labels['service.istio.io/canonical-revision'] ?? 'latest',
    canonical_service: labels['service.istio.io/canonical-name'] ?? 'unknown',
    mesh_id: typeof meshId === 'string' && meshId !== '' ? meshId : 'unknown',
    namespace: node.namespace,
    cluster_id: node.clusterId || 'unknown',
  };
  return [
    ...Object.entries(said).map(([name, value]) => ({ tag: `istio.${name}`, kind: 'literal', value }) as const),
    ...TRIED.map(
      ([name, key]) => ({ tag: `istio.authorization.dry_run.${name}`, kind: 'authorization', key }) as const,
    ),
  ];
}
