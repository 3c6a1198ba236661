// Names the labels of Istio's standard metrics, and gives them the values that a request or connection has.
// https://istio.io/latest/docs/reference/config/metrics/
import type { Cluster } from '../../cluster/cluster.ts';
import type { Workload } from '../workload.ts';

/** What both ends of a request or connection are, as the reporter sees it. */
export interface Ends {
  readonly source: Workload;
  readonly destination: Workload;
  /** URI names of their certificates; empty: none, or plaintext. */
  readonly sourcePrincipal: string;
  readonly destinationPrincipal: string;
  readonly service: Service;
}

export interface Service {
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
}

/** What differs from one request of the same two ends to the other. */
export interface Outcome {
  readonly protocol: string;
  /** Empty for TCP. */
  readonly code: string;
  readonly grpcStatus: string;
  readonly flags: string;
  readonly policy: 'mutual_tls' | 'none' | 'unknown';
}

export type Reporter = 'source' | 'destination';

/** Clusters of istiod that stand for no service; metrics name them in its place. */
const NAMELESS: ReadonlySet<string> = new Set(['BlackHoleCluster', 'PassthroughCluster', 'InboundPassthroughCluster']);

/** `fallbackHost`: the host that the request names, where it may be believed; empty: none. */
export function serviceOf(cluster: Cluster | undefined, clusterName: string, fallbackHost: string): Service {
  const services = cluster?.metadata['istio']?.['services'];
  const first = Array.isArray(services) ? services[0] : undefined;
  if (typeof first === 'object' && first !== null && !Array.isArray(first)) {
    const { host, name, namespace } = first;
    return { host: word(host), name: word(name), namespace: word(namespace) };
  }
  if (NAMELESS.has(clusterName)) return { host: clusterName, name: clusterName, namespace: '' };
  const [name = ''] = fallbackHost.split('.', 1);
  return { host: fallbackHost, name: /^[\d:[]/.test(fallbackHost) ? fallbackHost : name, namespace: '' };
}

/** All but those of the outcome. */
export function endLabels(reporter: Reporter, { source, destination, ...ends }: Ends): Record<string, string> {
  const { host, name, namespace } = ends.service;
  return {
    reporter,
    source_workload: known(source.name),
    source_canonical_service: known(source.canonicalName),
    source_canonical_revision: source.canonicalRevision || 'latest',
    source_workload_namespace: known(source.namespace),
    source_principal: known(ends.sourcePrincipal),
    source_app: known(source.app),
    source_version: known(source.version),
    source_cluster: known(source.cluster),
    destination_workload: known(destination.name),
    destination_workload_namespace: known(destination.namespace),
    destination_principal: known(ends.destinationPrincipal),
    destination_app: known(destination.app),
    destination_version: known(destination.version),
    destination_service: known(host),
    destination_canonical_service: known(destination.canonicalName),
    destination_canonical_revision: destination.canonicalRevision || 'latest',
    destination_service_name: known(name),
    destination_service_namespace: known(namespace || destination.namespace),
    destination_cluster: known(destination.cluster),
  };
}

export function outcomeLabels(outcome: Outcome): Record<string, string> {
  return {
    request_protocol: outcome.protocol,
    ...(outcome.code !== '' && { response_code: outcome.code, grpc_response_status: outcome.grpcStatus }),
    response_flags: outcome.flags,
    connection_security_policy: outcome.policy,
  };
}

function known(value: string): string {
  return value === '' ? 'unknown' : value;
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
