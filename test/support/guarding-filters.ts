// AuthorizationPolicies → the filters that our control plane makes of them, for proxies without a control plane.
import { toJson } from '@bufbuild/protobuf';
import { RBACSchema } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import { RBACSchema as HttpRbacSchema } from '@meltemi/api/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import { create } from '@bufbuild/protobuf';
import { buildView, decodeResource, parseDocuments } from '@meltemi/config';
import { type AccessFilter, compileHttpAccess } from '@meltemi/decide';
import { DEFAULT_MESH, workloadAccess } from '@meltemi/discovery';
import { httpFilter } from './paired-proxies.ts';

export interface Guarding {
  /** For a connection manager. */
  readonly filters: readonly object[];
  /** The same, as the kernel judges by them. */
  readonly judges: readonly AccessFilter[];
}

/** `specs`: of policies for all workloads. Throws where one of them is refused. */
export function guardingFilters(specs: readonly object[]): Guarding {
  const texts = specs.map((spec, index) => {
    const metadata = { name: `policy-${index}`, namespace: 'demo' };
    return JSON.stringify({ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata, spec });
  });
  const resources = parseDocuments(texts.join('\n---\n'), 'policies.yaml').documents.map((document) => {
    const { resource, problems } = decodeResource(document);
    if (!resource) throw new Error(problems.map(({ message }) => message).join('; '));
    return resource;
  });
  const workload = { namespace: 'demo', labels: {} };
  const steps = workloadAccess(buildView(resources, []), DEFAULT_MESH, workload).steps(true);
  return {
    filters: steps.map(({ rules }) => httpFilter('rbac', 'RBAC', { rules: toJson(RBACSchema, rules) as object })),
    judges: steps.map(({ rules }) => compileHttpAccess(create(HttpRbacSchema, { rules }))),
  };
}
