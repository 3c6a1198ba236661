// Shows one service: what it was asked in the last minutes, by whom, and what it asks of others.
import type { MeshMembers } from '../mesh-source.ts';
import { quantileOf, sumOf } from '../traffic/amount.ts';
import type { Flow } from '../traffic/flow.ts';
import { NOW_MS, passed, type TrafficStore } from '../traffic/traffic-store.ts';
import { flowPlaces } from './flow-places.ts';
import type { GraphView } from './mesh-view.ts';
import { rate } from './traffic-view.ts';
import type { PointView, ServiceDetailView } from './views.ts';

/** Undefined: there is no such service. */
export function serviceDetailView(
  id: string,
  graph: GraphView,
  members: MeshMembers,
  traffic: TrafficStore,
): ServiceDetailView | undefined {
  const service = graph.services.find((candidate) => candidate.id === id);
  if (!service) return undefined;
  const end = service.kind === 'gateway' || service.kind === 'outside' ? 'from' : 'to';
  const asked = traffic.flows.filter((flow) => flowPlaces(flow, members)[end].id === id);
  return {
    service,
    points: pointsOf(asked, traffic),
    callers: graph.edges.filter(({ to }) => to.service === id),
    callees: graph.edges.filter(({ from }) => from.service === id),
    responses: responsesOf(asked, traffic, graph.time - NOW_MS),
  };
}

/** One a stretch, zeros included. */
function pointsOf(flows: readonly Flow[], traffic: TrafficStore): readonly PointView[] {
  const histories = flows.map((flow) => traffic.history(flow));
  return traffic.stretches.map((stretch) => {
    const seen = histories.flatMap((history) => history.get(stretch) ?? []);
    const { requests, errors, bytes, buckets } = sumOf(seen.map(passed));
    return {
      time: stretch.time,
      requestsPerSecond: rate(requests, stretch.seconds),
      errorsPerSecond: rate(errors, stretch.seconds),
      bytesPerSecond: rate(bytes, stretch.seconds),
      p50Ms: quantileOf(buckets, 0.5),
      p99Ms: quantileOf(buckets, 0.99),
    };
  });
}

function responsesOf(flows: readonly Flow[], traffic: TrafficStore, since: number): ServiceDetailView['responses'] {
  const seconds = traffic.secondsSince(since);
  const { codes } = sumOf(flows.map((flow) => passed(traffic.seenSince(flow, since))));
  return [...codes]
    .map(([code, count]) => ({ code, perSecond: rate(count, seconds) }))
    .toSorted((a, b) => (a.code < b.code ? -1 : 1));
}
