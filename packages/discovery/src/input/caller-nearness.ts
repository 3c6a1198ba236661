// Whether it matters to a proxy's endpoints where the proxy is, and who it is to them then.
import type { Host, Labels } from '@meltemi/base';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyNode } from '../proxy-node.ts';
import type { DestinationPolicy } from './destination-policy.ts';
import type { Nearness } from './endpoint-inputs.ts';
import { localityLabels } from './locality-labels.ts';

export interface CallerNearness extends Nearness {
  /** Two callers of the same namespace with the same key have the same endpoints. */
  readonly key: string;
}

type Policies = ReadonlyMap<Host, DestinationPolicy>;

/** Undefined where no rule and nothing of the mesh tells localities apart. */
export function callerNearness(
  policies: Policies,
  { node, labels, mesh }: { readonly node: ProxyNode; readonly labels: Labels; readonly mesh: MeshSettings },
): CallerNearness | undefined {
  const asked = usage(policies, mesh);
  if (!asked.any) return undefined;
  const { region = '', zone = '', subzone = '' } = node.locality;
  const locality = [region, zone, subzone].join('/').replace(/\/+$/, '');
  const own = { ...labels, ...localityLabels(locality), ...networkOf(node) };
  const said = asked.labels.map((name) => own[name] ?? '');
  return { caller: { locality, labels: own }, mesh, key: JSON.stringify([locality, ...said]) };
}

function networkOf({ metadata }: ProxyNode): Labels {
  const network = metadata['NETWORK'];
  return typeof network === 'string' && network !== '' ? { 'topology.istio.io/network': network } : {};
}

/** What rules look at. */
interface Usage {
  readonly any: boolean;
  /** Of callers. */
  readonly labels: readonly string[];
}

const known = new WeakMap<Policies, { readonly mesh: MeshSettings; readonly usage: Usage }>();

function usage(policies: Policies, mesh: MeshSettings): Usage {
  const before = known.get(policies);
  if (before?.mesh === mesh) return before.usage;
  const now = usageOf(policies, mesh);
  known.set(policies, { mesh, usage: now });
  return now;
}

function usageOf(policies: Policies, { localityLb }: MeshSettings): Usage {
  const all = [...policies.values()].flatMap(({ trafficPolicy: whole, subsets }) =>
    [whole, ...subsets.map(({ subset }) => subset.trafficPolicy)].flatMap((policy) =>
      policy ? [policy, ...(policy.portLevelSettings ?? [])] : [],
    ),
  );
  const settings = [localityLb, ...all.flatMap(({ loadBalancer }) => loadBalancer?.localityLbSetting ?? [])];
  const labels = settings.flatMap(({ failoverPriority = [] }) =>
    failoverPriority.map((written) => written.split('=')[0]!),
  );
  const fails = all.some(({ outlierDetection }) => outlierDetection);
  return {
    any: fails || settings.some(({ distribute }) => distribute),
    labels: [...new Set(labels)].sort(),
  };
}
