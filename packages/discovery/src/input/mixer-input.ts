// The rules of Mixer and the workload of a proxy → what each of its listeners asks Mixer and tells it.
import { FORWARDED_ATTRIBUTES } from '@meltemi/api/mixer';
import type { ConfigView, LocatedResource } from '@meltemi/config';
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ClusterInput, OutboundClusterInput } from './cluster-input.ts';
import type { ListenerInput } from './listener-input.ts';
import { destinationAttributes, sourceAttributes } from './mixer-attributes.ts';
import type { MixerInput } from './mixer-filter-input.ts';
import { asksLimits } from './limited-listeners.ts';
import { loggedHeaders } from './mixer-headers.ts';
import { mixerPolicy, mixerRulesVersion } from './mixer-policy.ts';

/** Where proxies reach Mixer. */
export const MIXER_CLUSTER = 'mixer_server';
/** What a request of 0.2 takes of: `RequestCount`, as resources are named. */
const REQUEST_COUNT = 'requestcount';

/** A sidecar asks for the requests to its application; what it and gateways send on says from whom. */
export function mixedListeners(
  listeners: readonly ListenerInput[],
  scope: ProxyScope,
  snapshot: Snapshot,
): readonly ListenerInput[] {
  if (!asksMixer(scope, snapshot)) return listeners;
  const inbound = inboundMixer(scope, snapshot);
  const by = formOf(scope);
  const outbound: MixerInput = { ...NOTHING, by, forwarded: sourceAttributes(by, scope, snapshot) };
  return listeners.map((listener) => ({ ...listener, mixer: listener.direction === 'inbound' ? inbound : outbound }));
}

export function mixerClusters(scope: ProxyScope, snapshot: Snapshot): readonly OutboundClusterInput[] {
  const { mesh } = snapshot;
  if (!mesh.mixer || !(asksMixer(scope, snapshot) || asksLimits(scope, snapshot))) return [];
  const { host, port } = mesh.mixer.address;
  return [
    {
      kind: 'outbound',
      name: MIXER_CLUSTER,
      discovery: { kind: 'dns', once: false, refreshMs: mesh.dnsRefreshMs, endpoints: [{ ...NOWHERE, host, port }] },
      http: 'http2',
      loadBalancer: { kind: 'round-robin' },
      connectionPool: { connectTimeoutMs: mesh.connectTimeoutMs },
      outlierDetection: undefined,
      tls: { kind: 'none' },
      service: { reference: { host, name: 'istio-mixer', namespace: mesh.rootNamespace }, external: true },
      subset: '',
      provenance: undefined,
    },
  ];
}

const NOWHERE = {
  healthy: true,
  weight: 0,
  workload: '',
  namespace: '',
  canonicalName: '',
  canonicalRevision: '',
  inMesh: false,
} as const;

/** An Envoy tells every cluster of its workload: those outside of the mesh do not pass it on. */
export function withholdingClusters(
  clusters: readonly ClusterInput[],
  scope: ProxyScope,
  snapshot: Snapshot,
): readonly ClusterInput[] {
  if (!asksMixer(scope, snapshot) || formOf(scope) === 'filter') return clusters;
  return clusters.map((cluster) => (leavesMesh(cluster) ? { ...cluster, withheld: [FORWARDED_ATTRIBUTES] } : cluster));
}

function leavesMesh(cluster: ClusterInput): boolean {
  return cluster.kind === 'passthrough' || (cluster.kind === 'outbound' && cluster.service.external);
}

const NOTHING: MixerInput = {
  by: 'filter',
  cluster: '',
  attributes: {},
  forwarded: {},
  check: false,
  report: false,
  quotas: {},
  failClosed: false,
  policy: undefined,
  rulesVersion: '',
  loggedHeaders: { request: [], response: [] },
};

/** Without rules nobody asks. */
function asksMixer({ node }: ProxyScope, { config, mesh }: Snapshot): boolean {
  return mesh.mixer !== undefined && !node.proxyless && config.objects('rule').length > 0;
}

function formOf({ node }: ProxyScope): MixerInput['by'] {
  return node.mixerFilter ? 'filter' : 'services';
}

function inboundMixer(scope: ProxyScope, snapshot: Snapshot): MixerInput {
  const { config, mesh } = snapshot;
  const { checks, reports, failOpen } = mesh.mixer!;
  const check = checks !== 'nobody';
  const said = {
    ...NOTHING,
    cluster: MIXER_CLUSTER,
    attributes: destinationAttributes(scope, snapshot),
    check,
    report: reports,
    failClosed: !failOpen,
  };
  if (formOf(scope) === 'services') return { ...said, by: 'services', loggedHeaders: loggedHeaders(config) };
  const policy = checks === 'sidecar' ? mixerPolicy(config, mesh.rootNamespace) : undefined;
  return {
    ...said,
    quotas: check && hasQuota(config) ? { [REQUEST_COUNT]: 1 } : {},
    policy,
    rulesVersion: check && !policy ? mixerRulesVersion(config) : '',
  };
}

/** Where no quota has the name, Mixer would grant all of it. */
function hasQuota(config: ConfigView): boolean {
  const resources = [...config.objects('quota'), ...config.objects('instance')] as readonly LocatedResource[];
  return resources.some(({ metadata: { name } }) => name === REQUEST_COUNT || name.startsWith(`${REQUEST_COUNT}.`));
}
