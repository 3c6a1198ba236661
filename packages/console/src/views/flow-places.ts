// Says which card of the graph each end of a flow belongs to.
import type { MeshMembers, MeshWorkload } from '../mesh-source.ts';
import { type Flow, type FlowEnd, UNKNOWN } from '../traffic/flow.ts';
import type { EndView, ServiceKind } from './views.ts';

export const OUTSIDE_ID = 'outside';

/** A card of the graph. */
export interface Place {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly kind: ServiceKind;
}

/** Both ends of a flow, with the workloads that are at them. */
export interface FlowPlaces {
  readonly from: Place;
  readonly to: Place;
  readonly edge: { readonly from: EndView; readonly to: EndView };
}

export function flowPlaces(flow: Flow, members: MeshMembers): FlowPlaces {
  const from = sourcePlace(flow.source, members);
  const to = destinationPlace(flow, members);
  const edge = {
    from: { service: from.id, workload: workloadName(flow.source) },
    to: { service: to.id, workload: workloadName(flow.destination) },
  };
  return { from, to, edge };
}

export function placeOfWorkload({ kind, namespace, service, name }: MeshWorkload): Place {
  const shown = service || name;
  return { id: `${namespace}/${shown}`, name: shown, namespace, kind: kind === 'gateway' ? 'gateway' : 'service' };
}

function sourcePlace(source: FlowEnd, members: MeshMembers): Place {
  if (source.workload === UNKNOWN) return { id: OUTSIDE_ID, name: 'Outside the mesh', namespace: '', kind: 'outside' };
  const workload = memberOf(source, members);
  if (workload) return placeOfWorkload(workload);
  return service(source.namespace, source.service);
}

/** A service that no workload of the mesh serves is known by its host. */
function destinationPlace({ destination, host }: Flow, members: MeshMembers): Place {
  const workload = memberOf(destination, members);
  if (workload) return placeOfWorkload(workload);
  const { namespace, service: name } = destination;
  const served = members.workloads.some((member) => member.namespace === namespace && member.service === name);
  if (served || destination.workload !== UNKNOWN) return service(namespace, name);
  return { id: host, name: host, namespace: '', kind: 'external' };
}

function service(namespace: string, name: string): Place {
  return { id: `${namespace}/${name}`, name, namespace, kind: 'service' };
}

/** Metrics name a workload as its Deployment; of several replicas each is a member by another name. */
function memberOf(end: FlowEnd, members: MeshMembers): MeshWorkload | undefined {
  return members.workloads.find(({ name, namespace }) => namespace === end.namespace && isReplica(name, end.workload));
}

function isReplica(member: string, workload: string): boolean {
  return member === workload || (member.startsWith(`${workload}-`) && /^\d+$/.test(member.slice(workload.length + 1)));
}

function workloadName({ workload }: FlowEnd): string {
  return workload === UNKNOWN ? '' : workload;
}
