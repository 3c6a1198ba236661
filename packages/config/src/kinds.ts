// The kinds of objects that are read, in one list: their names everywhere and the schema of their spec.
import { destinationRuleSchema } from './model/destination-rule.ts';
import { gatewaySchema } from './model/gateway.ts';
import { deploymentSchema, ingressSchema, openSchema, podSchema, serviceSchema } from './model/kubernetes.ts';
import { destinationPolicySchema, egressRuleSchema, routeRuleSchema } from './model/route-rule.ts';
import { serviceEntrySchema, workloadEntrySchema } from './model/service-entry.ts';
import { sidecarSchema } from './model/sidecar.ts';
import { virtualServiceSchema } from './model/virtual-service.ts';
import type { Field } from './schema.ts';
import type { KindName } from './view.ts';

/**
 * `type` is the name in keys and on istioctl's command line (`route-rule`); `names` are the others that it takes there.
 * `specRequired`: an object without a spec is refused, as the API refuses it.
 */
export interface Kind {
  readonly kind: KindName;
  /** The core group is ''. */
  readonly groups: readonly string[];
  /** The first is the one that new objects are written in. */
  readonly versions: readonly string[];
  readonly type: string;
  readonly plural: string;
  readonly names: readonly string[];
  readonly ours: boolean;
  readonly clusterScoped?: boolean;
  readonly schema: Field;
}

const V1ALPHA2 = { groups: ['config.istio.io'], versions: ['v1alpha2', 'v1beta1', 'v1alpha1'], ours: true } as const;
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
  { ...CORE, kind: 'ConfigMap', type: 'config-map', plural: 'configmaps', names: ['cm'] },
  { ...CORE, kind: 'ServiceAccount', type: 'service-account', plural: 'serviceaccounts', names: ['sa'] },
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
