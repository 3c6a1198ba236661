// Endpoints by locality → the same with priorities, or weights, as the caller's own locality asks for.
// https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/
import type { Labels } from '@meltemi/base';
import type { LocalityLoadBalancing, PortTrafficPolicy } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import type { LocalityEndpointInput, LocalityInput } from './endpoint-input.ts';

/** Who calls. */
export interface Caller {
  /** `region/zone/subzone`; empty: nobody says. */
  readonly locality: string;
  readonly labels: Labels;
}

/** Undefined: localities are used alike. Without outlier detection no failure would ever be seen, and none is waited for. */
export function localityBalance(
  { loadBalancer, outlierDetection }: PortTrafficPolicy,
  { localityLb }: Pick<MeshSettings, 'localityLb'>,
): LocalityLoadBalancing | undefined {
  const setting = loadBalancer?.localityLbSetting ?? localityLb;
  if (setting.enabled === false) return undefined;
  return outlierDetection || setting.distribute ? setting : undefined;
}

/** Whether a cluster tells localities apart by their weights. */
export function weighsLocalities({ distribute, failover, failoverPriority }: LocalityLoadBalancing): boolean {
  return (distribute ?? failover ?? failoverPriority) !== undefined;
}

/** An endpoint, and the labels that it is chosen by. */
export interface LabelledEndpoint {
  readonly endpoint: LocalityEndpointInput;
  readonly labels: Labels;
}

export interface LabelledLocality {
  readonly locality: string;
  readonly endpoints: readonly LabelledEndpoint[];
}

export function balanced(
  localities: readonly LabelledLocality[],
  { distribute, failover = [], failoverPriority = [] }: LocalityLoadBalancing,
  caller: Caller,
): readonly LocalityInput[] {
  if (distribute) return distributed(localities.map(plain), distribute, caller.locality);
  if (failoverPriority.length === 0) return byDistance(localities.map(plain), failover, caller.locality);
  const split = compact(localities.flatMap((each) => byLabels(each, failoverPriority, caller.labels)));
  return failover.length === 0 ? split : byDistance(split, failover, caller.locality);
}

function plain({ locality, endpoints }: LabelledLocality): LocalityInput {
  return { locality, endpoints: endpoints.map(({ endpoint }) => endpoint) };
}

/** The nearer the sooner; other regions come last, and of them the one that `failover` names first. */
function byDistance(
  localities: readonly LocalityInput[],
  failover: NonNullable<LocalityLoadBalancing['failover']>,
  own: string,
): readonly LocalityInput[] {
  const [region = ''] = own.split('/');
  const elsewhere = failover.find(({ from }) => from === region);
  return compact(
    localities.map((each) => {
      const distance = distanceOf(own, each.locality);
      const away = distance === 3 && elsewhere && each.locality.split('/')[0] !== elsewhere.to;
      return { ...each, priority: (each.priority ?? 0) * 5 + (away ? 4 : distance) };
    }),
  );
}

/** 0: the same subzone … 3: another region. */
function distanceOf(one: string, other: string): number {
  const [ours, theirs] = [one.split('/'), other.split('/')];
  const different = [0, 1, 2].findIndex((part) => (ours[part] ?? '') !== (theirs[part] ?? ''));
  return different < 0 ? 0 : 3 - different;
}

const NETWORK = 'topology.istio.io/network';

/** The first label in which an endpoint differs from its caller says how late it is taken; another network is the last of all. */
function byLabels(
  { locality, endpoints }: LabelledLocality,
  priorities: readonly string[],
  own: Labels,
): LocalityInput[] {
  const wanted = priorities.map((written) => {
    const [label = '', value] = written.split('=');
    return { label, value: value ?? own[label] ?? '' };
  });
  const priorityOf = ({ labels }: LabelledEndpoint) => {
    const differs = ({ label, value }: { readonly label: string; readonly value: string }) =>
      (labels[label] ?? '') !== value;
    const elsewhere = wanted[0]?.label === NETWORK && differs(wanted[0]);
    const first = wanted.findIndex((each, index) => differs(each) && !(elsewhere && index === 0));
    return (first < 0 ? 0 : wanted.length - first) + (elsewhere ? wanted.length : 0);
  };
  const groups = Map.groupBy(endpoints, priorityOf);
  return Array.from(groups, ([priority, some]) => ({
    locality,
    priority,
    endpoints: some.map(({ endpoint }) => endpoint),
  }));
}

/** Priorities from 0 on, without gaps. */
function compact(localities: readonly LocalityInput[]): readonly LocalityInput[] {
  const used = [...new Set(localities.map(({ priority = 0 }) => priority))].sort((a, b) => a - b);
  return localities.map(({ priority = 0, ...each }) => {
    const place = used.indexOf(priority);
    return place === 0 ? each : { ...each, priority: place };
  });
}

/** What no share is named for takes nothing. */
function distributed(
  localities: readonly LocalityInput[],
  distribute: NonNullable<LocalityLoadBalancing['distribute']>,
  own: string,
): readonly LocalityInput[] {
  const rule = distribute.find(({ from = '' }) => matches(from, own));
  if (!rule) return localities;
  const left = new Set(localities);
  const shares = new Map<LocalityInput, number>();
  for (const [pattern, share] of Object.entries(rule.to ?? {})) {
    const taken = [...left].filter(({ locality }) => matches(pattern, locality));
    const total = taken.reduce((sum, each) => sum + weightOf(each), 0);
    for (const each of taken) {
      left.delete(each);
      if (share > 0) shares.set(each, Math.ceil((weightOf(each) * share) / total));
    }
  }
  return localities.map((each) => {
    const weight = shares.get(each);
    if (left.has(each)) return { ...each, endpoints: [], weight: weightOf(each) };
    return weight === undefined ? each : { ...each, weight };
  });
}

function weightOf({ endpoints }: LocalityInput): number {
  return endpoints.reduce((sum, { weight }) => sum + Math.max(1, weight), 0);
}

/** A pattern's parts that are absent or `*` match all; its region must be named. */
function matches(pattern: string, locality: string): boolean {
  const parts = locality.split('/');
  return pattern
    .split('/')
    .every((word, index) => word === '*' || (word === '' && index > 0) || word === (parts[index] ?? ''));
}
