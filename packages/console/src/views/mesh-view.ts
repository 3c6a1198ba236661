// Draws the whole mesh as a graph: services with their workloads, and what passes between them now.
import type { MeshMembers } from '../mesh-source.ts';
import { type Amount, sumOf } from '../traffic/amount.ts';
import type { Flow } from '../traffic/flow.ts';
import { NOW_MS, passed, type Seen, type TrafficStore } from '../traffic/traffic-store.ts';
import { flowPlaces, type FlowPlaces, type Place, placeOfWorkload } from './flow-places.ts';
import { mutualTlsOf, trafficView } from './traffic-view.ts';
import type { EdgeView, MeshView, ServiceView, WorkloadView } from './views.ts';

/** What passes on a flow now, and between which cards. */
interface LiveFlow {
  readonly flow: Flow;
  readonly places: FlowPlaces;
  readonly amount: Amount;
  readonly edge: EdgeView;
}

export type GraphView = Pick<MeshView, 'time' | 'services' | 'edges'>;

/** Sorted by id: what is drawn keeps its place from one second to the next. */
export function graphView(members: MeshMembers, traffic: TrafficStore, now: number): GraphView {
  const seconds = traffic.secondsSince(now - NOW_MS);
  const live = traffic.flows.map((flow) => liveFlow(flow, members, traffic.seenSince(flow, now - NOW_MS), seconds));
  const services = [...placesOf(members, live)].map((place) => serviceView(place, members, live, seconds));
  return { time: now, services: services.toSorted(byId), edges: live.map(({ edge }) => edge).toSorted(byId) };
}

function liveFlow(flow: Flow, members: MeshMembers, seen: Seen, seconds: number): LiveFlow {
  const places = flowPlaces(flow, members);
  const amount = passed(seen);
  const edge: EdgeView = {
    id: flow.id,
    ...places.edge,
    protocol: flow.protocol,
    mutualTls: mutualTlsOf(seen.destination),
    traffic: trafficView(amount, seconds),
  };
  return { flow, places, amount, edge };
}

function placesOf(members: MeshMembers, live: readonly LiveFlow[]): Iterable<Place> {
  const all = [...members.workloads.map(placeOfWorkload), ...live.flatMap(({ places }) => [places.from, places.to])];
  return new Map(all.toReversed().map((place) => [place.id, place])).values();
}

/** A gateway is asked by nobody who has a sidecar: what it asks stands for what it was asked. */
function serviceView(place: Place, members: MeshMembers, live: readonly LiveFlow[], seconds: number): ServiceView {
  const end = place.kind === 'gateway' || place.kind === 'outside' ? 'from' : 'to';
  const asked = live.filter(({ places }) => places[end].id === place.id);
  const amounts = (of: readonly LiveFlow[]) => sumOf(of.map(({ amount }) => amount));
  const workloads = workloadsOf(place, members, live).map(([name, known]): WorkloadView => {
    const own = asked.filter(({ edge }) => edge[end].workload === name);
    return { name, ...known, traffic: trafficView(amounts(own), seconds) };
  });
  return { ...place, workloads, traffic: trafficView(amounts(asked), seconds) };
}

/** Those that should run, and those that only metrics know. */
function workloadsOf(place: Place, members: MeshMembers, live: readonly LiveFlow[]) {
  const found = new Map<string, Pick<WorkloadView, 'version' | 'state'>>();
  for (const workload of members.workloads) {
    const { name, version, state } = workload;
    if (placeOfWorkload(workload).id === place.id) found.set(name, { version, state });
  }
  for (const { flow, places, edge } of live) {
    for (const [end, told] of [
      ['from', flow.source],
      ['to', flow.destination],
    ] as const) {
      const { workload } = edge[end];
      if (places[end].id !== place.id || workload === '' || found.has(workload)) continue;
      found.set(workload, { version: told.version, state: 'unknown' });
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
