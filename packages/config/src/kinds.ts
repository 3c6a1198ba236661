// The kinds of objects that are read, in one list: their names everywhere and the schema of their spec.
import type { Kind } from './kind.ts';
import { MIXER_KINDS } from './kinds/mixer-kinds.ts';
import { POLICY_KINDS } from './kinds/policy-kinds.ts';
import { destinationRuleSchema } from './model/destination-rule-schema.ts';
import { envoyFilterSchema } from './model/envoy-filter-schema.ts';
import { gatewaySchema } from './model/gateway.ts';
import { deploymentSchema, ingressSchema, openSchema, podSchema, serviceSchema } from './model/kubernetes.ts';
import { proxyConfigSchema } from './model/proxy-config.ts';
import { egressRuleSchema } from './model/egress-rule.ts';
import { destinationPolicySchema, routeRuleSchema } from './model/route-rule.ts';
import { serviceEntrySchema, workloadEntrySchema } from './model/service-entry.ts';
import { sidecarSchema } from './model/sidecar.ts';
import { checkDelegateVersion, virtualServiceSchema } from './model/virtual-service-schema.ts';
import { workloadGroupSchema } from './model/workload-group.ts';

export type { Kind } from './kind.ts';

const V1ALPHA2 = {
  groups: ['config.istio.io'],
  versions: ['v1alpha2', 'v1beta1', 'v1alpha1'],
  ours: true,
  legacy: true,
} as const;
const NETWORKING = { groups: ['networking.istio.io'], versions: ['v1', 'v1beta1', 'v1alpha3'], ours: true } as const;
const CORE = { groups: [''], versions: ['v1'], ours: false, schema: openSchema } as const;

export const KINDS: readonly Kind[] = [
  { ...V1ALPHA2, kind: 'RouteRule', type: 'route-rule', plural: 'routerules', names: [], schema: routeRuleSchema },
  {
    ...V1ALPHA2,
    kind: 'DestinationPolicy',
    type: 'destination-policy',
    plural: 'destinationpolicies',
    names: ['destination-policies'],
    schema: destinationPolicySchema,
  },
  { ...V1ALPHA2, kind: 'EgressRule', type: 'egress-rule', plural: 'egressrules', names: [], schema: egressRuleSchema },
  {
    ...NETWORKING,
    kind: 'VirtualService',
    type: 'virtual-service',
    plural: 'virtualservices',
    names: ['vs'],
    defaults: { hosts: [] },
    checkVersion: checkDelegateVersion,
    schema: virtualServiceSchema,
  },
  {
    ...NETWORKING,
    kind: 'DestinationRule',
    type: 'destination-rule',
    plural: 'destinationrules',
    names: ['dr'],
    schema: destinationRuleSchema,
  },
  { ...NETWORKING, kind: 'Gateway', type: 'gateway', plural: 'gateways', names: ['gw'], schema: gatewaySchema },
  {
    ...NETWORKING,
    kind: 'ServiceEntry',
    type: 'service-entry',
    plural: 'serviceentries',
    names: ['se', 'service-entries'],
    schema: serviceEntrySchema,
  },
  {
    ...NETWORKING,
    kind: 'WorkloadEntry',
    type: 'workload-entry',
    plural: 'workloadentries',
    names: ['we', 'workload-entries'],
    schema: workloadEntrySchema,
  },
  { ...NETWORKING, kind: 'Sidecar', type: 'sidecar', plural: 'sidecars', names: [], schema: sidecarSchema },
  {
    ...NETWORKING,
    kind: 'WorkloadGroup',
    type: 'workload-group',
    plural: 'workloadgroups',
    names: ['wg'],
    unfollowed: true,
    schema: workloadGroupSchema,
  },
  {
    ...NETWORKING,
    kind: 'EnvoyFilter',
    versions: ['v1alpha3'],
    type: 'envoy-filter',
    plural: 'envoyfilters',
    names: [],
    schema: envoyFilterSchema,
  },
  {
    ...NETWORKING,
    kind: 'ProxyConfig',
    versions: ['v1beta1'],
    type: 'proxy-config',
    plural: 'proxyconfigs',
    names: [],
    schema: proxyConfigSchema,
  },
  ...POLICY_KINDS,
  ...MIXER_KINDS,
  {
    kind: 'Ingress',
    groups: ['networking.k8s.io', 'extensions'],
    versions: ['v1', 'v1beta1'],
    type: 'ingress',
    plural: 'ingresses',
    names: ['ing'],
    ours: false,
    schema: ingressSchema,
  },
  { ...CORE, kind: 'Service', type: 'service', plural: 'services', names: ['svc'], schema: serviceSchema },
  {
    kind: 'Deployment',
    groups: ['apps', 'extensions'],
    versions: ['v1', 'v1beta1', 'v1beta2'],
    type: 'deployment',
    plural: 'deployments',
    names: ['deploy'],
    ours: false,
    schema: deploymentSchema,
  },
  { ...CORE, kind: 'Pod', type: 'pod', plural: 'pods', names: ['po'], schema: podSchema },
  { ...CORE, kind: 'Endpoints', type: 'endpoints', plural: 'endpoints', names: ['ep'] },
  {
    kind: 'EndpointSlice',
    groups: ['discovery.k8s.io'],
    versions: ['v1'],
    type: 'endpoint-slice',
    plural: 'endpointslices',
    names: [],
    ours: false,
    schema: openSchema,
  },
  { ...CORE, kind: 'ConfigMap', type: 'config-map', plural: 'configmaps', names: ['cm'] },
  { ...CORE, kind: 'Secret', type: 'secret', plural: 'secrets', names: [] },
  { ...CORE, kind: 'ServiceAccount', type: 'service-account', plural: 'serviceaccounts', names: ['sa'] },
  { ...CORE, kind: 'Node', type: 'node', plural: 'nodes', names: ['no'], clusterScoped: true },
  { ...CORE, kind: 'Namespace', type: 'namespace', plural: 'namespaces', names: ['ns'], clusterScoped: true },
];

/** The kind of an object, by what its `kind` and `apiVersion` say. */
export function kindOf(apiVersion: string, kind: string): Kind | undefined {
  const { group, version } = splitApiVersion(apiVersion);
  return KINDS.find((known) => known.kind === kind && known.groups.includes(group) && known.versions.includes(version));
}

/** The kind that a word on a command line means: `route-rule`, `route-rules`, `routerules`, `RouteRule`, `vs`. */
export function kindByName(word: string): Kind | undefined {
  const lower = word.toLowerCase();
  return KINDS.find((known) => kindWords(known).includes(lower));
}

/** All words that mean a kind on a command line. */
export function kindWords(kind: Kind): readonly string[] {
  const lower = kind.kind.toLowerCase();
  return [kind.type, `${kind.type}s`, kind.plural, lower, `${lower}s`, ...kind.names];
}

export function splitApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1) };
}
