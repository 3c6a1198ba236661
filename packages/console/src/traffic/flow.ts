// Names the flow that a sample of Istio's metrics belongs to: who asked whom, and how.
// https://istio.io/latest/docs/reference/config/metrics/
import type { Labels } from '@meltemi/base';
import type { EdgeView } from '../views/views.ts';

export interface FlowEnd {
  readonly namespace: string;
  /** `unknown` where nobody said. */
  readonly workload: string;
  readonly version: string;
  /** The service's short name. */
  readonly service: string;
}

export interface Flow {
  readonly id: string;
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  /** The service's full host name. */
  readonly host: string;
  readonly protocol: EdgeView['protocol'];
}

export const UNKNOWN = 'unknown';

/** Undefined: the labels say nothing of a flow, or stand for those that were rolled up. */
export function flowOf(labels: Labels): Flow | undefined {
  const { reporter, source_workload: from, destination_service_name: service } = labels;
  if (reporter === undefined || from === undefined || service === undefined || isRolledUp(labels)) return undefined;
  const source = endOf(labels, 'source', labels['source_canonical_service'] ?? UNKNOWN);
  const destination = endOf(labels, 'destination', service);
  const host = labels['destination_service'] ?? UNKNOWN;
  const protocol = protocolOf(labels['request_protocol']);
  return { id: flowId(source, destination, host, protocol), source, destination, host, protocol };
}

/** Both reporters give the same: of a workload that answered, they may name the service differently. */
function flowId(source: FlowEnd, destination: FlowEnd, host: string, protocol: string): string {
  const { namespace, workload } = destination;
  const asked = workload === UNKNOWN ? host : `${namespace}/${workload}`;
  return `${source.namespace}/${source.workload} > ${asked} ${protocol}`;
}

/** A sidecar whose budget of series is used up says `other` of everything. */
export function isRolledUp(labels: Labels): boolean {
  return labels['source_workload'] === 'other' && labels['destination_workload'] === 'other';
}

function endOf(labels: Labels, end: 'source' | 'destination', service: string): FlowEnd {
  const namespace = known(labels[`${end}_workload_namespace`]) ?? known(labels[`${end}_service_namespace`]);
  return {
    namespace: namespace ?? UNKNOWN,
    workload: labels[`${end}_workload`] ?? UNKNOWN,
    version: known(labels[`${end}_version`]) ?? '',
    service,
  };
}

function known(value: string | undefined): string | undefined {
  return value === undefined || value === UNKNOWN || value === '' ? undefined : value;
}

function protocolOf(word: string | undefined): Flow['protocol'] {
  return word === 'grpc' || word === 'tcp' ? word : 'http';
}
