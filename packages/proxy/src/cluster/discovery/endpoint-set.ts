// Turns a ClusterLoadAssignment into plain endpoints by locality: addresses, weights, priorities, health.
import type { JsonObject } from '@bufbuild/protobuf';
import type { Locality } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { HealthStatus } from '@meltemi/api/envoy/config/core/v3/health_check_pb';
import type { ClusterLoadAssignment } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import type { LbEndpoint, LocalityLbEndpoints } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_components_pb';
import { formatSocketAddress } from '@meltemi/base';
import type { HostHealth } from '../cluster.ts';
import { ClusterConfigError } from '../settings/cluster-config-error.ts';

/** What an endpoint source gives at one moment. */
export interface EndpointSet {
  readonly localities: readonly LocalityEndpoints[];
  /** Percent; 140: a priority gets all its traffic while 72 % of its hosts are healthy. */
  readonly overprovisioning: number;
  /** The health of a priority is that of its hosts' weights, not of their number. */
  readonly healthByWeight: boolean;
}

export interface LocalityEndpoints {
  readonly locality: LocalityName;
  readonly priority: number;
  /** 0: gets no traffic where localities are weighted. */
  readonly weight: number;
  readonly endpoints: readonly EndpointSpec[];
}

export interface LocalityName {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export interface EndpointSpec {
  readonly address: EndpointAddress;
  /** What the host is known by in its cluster: its address, or its name where it keeps that under changing addresses. */
  readonly identity: string;
  /** `ip:port` or the path. */
  readonly text: string;
  readonly hostname: string;
  readonly weight: number;
  readonly health: HostHealth;
  /** As discovery said it. */
  readonly status: HealthStatus;
  /** All its metadata, by who it is for. */
  readonly metadata: Readonly<Record<string, JsonObject>>;
  /** Metadata `envoy.lb`. */
  readonly labels: JsonObject;
  /** Metadata `envoy.transport_socket_match`. */
  readonly transportLabels: JsonObject;
  /** Undefined: checked at its address. */
  readonly check: EndpointCheck | undefined;
}

/** How an endpoint wants to be checked. */
export interface EndpointCheck {
  /** 0: the endpoint's. */
  readonly port: number;
  /** Empty: the endpoint's. */
  readonly host: string;
  /** Empty: the checker's. */
  readonly hostname: string;
  readonly disabled: boolean;
}

/** A socket, or a Unix socket by path. */
export type EndpointAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export const NO_ENDPOINTS: EndpointSet = { localities: [], overprovisioning: 140, healthByWeight: false };

/** Throws ClusterConfigError for what can't be honoured. */
export function endpointSet(assignment: ClusterLoadAssignment | undefined): EndpointSet {
  if (!assignment) return NO_ENDPOINTS;
  return {
    localities: assignment.endpoints.map(localityEndpoints),
    overprovisioning: assignment.policy?.overprovisioningFactor ?? 140,
    healthByWeight: assignment.policy?.weightedPriorityHealth ?? false,
  };
}

function localityEndpoints(group: LocalityLbEndpoints): LocalityEndpoints {
  if (group.lbConfig.case === 'ledsClusterLocalityConfig') {
    throw new ClusterConfigError('UNSUPPORTED_FIELD', 'leds_cluster_locality_config is not supported');
  }
  const inline = group.lbConfig.case === 'loadBalancerEndpoints' ? group.lbConfig.value.lbEndpoints : [];
  return {
    locality: localityName(group.locality),
    priority: group.priority,
    weight: group.loadBalancingWeight ?? 0,
    endpoints: [...group.lbEndpoints, ...inline].map(endpointSpec),
  };
}

function localityName(locality: Locality | undefined): LocalityName {
  return { region: locality?.region ?? '', zone: locality?.zone ?? '', subZone: locality?.subZone ?? '' };
}

function endpointSpec(endpoint: LbEndpoint): EndpointSpec {
  const metadata = endpoint.metadata?.filterMetadata ?? {};
  const { address, hostname } = addressOf(endpoint);
  const text = endpointText(address);
  return {
    address,
    identity: text,
    text,
    hostname,
    weight: Math.max(1, endpoint.loadBalancingWeight ?? 1),
    health: healthOf(endpoint.healthStatus),
    status: endpoint.healthStatus,
    metadata,
    labels: metadata['envoy.lb'] ?? {},
    transportLabels: metadata['envoy.transport_socket_match'] ?? {},
    check: endpointCheck(endpoint),
  };
}

/** `ip:port`, or a path. */
export function endpointText(address: EndpointAddress): string {
  return 'path' in address ? address.path : formatSocketAddress(address);
}

/** An endpoint that nothing but its address is known of. */
export function plainEndpoint(address: EndpointAddress): EndpointSpec {
  const text = endpointText(address);
  const plain = { hostname: '', weight: 1, metadata: {}, labels: {}, transportLabels: {}, check: undefined };
  return { address, identity: text, text, health: 'healthy', status: HealthStatus.UNKNOWN, ...plain };
}

function endpointCheck(endpoint: LbEndpoint): EndpointCheck | undefined {
  const host = endpoint.hostIdentifier.case === 'endpoint' ? endpoint.hostIdentifier.value : undefined;
  const config = host?.healthCheckConfig;
  if (!config) return undefined;
  const other = config.address?.address;
  return {
    port: other?.case === 'socketAddress' ? Number(other.value.portSpecifier.value ?? 0) : config.portValue,
    host: other?.case === 'socketAddress' ? other.value.address : '',
    hostname: config.hostname,
    disabled: config.disableActiveHealthCheck,
  };
}

function addressOf(endpoint: LbEndpoint): { readonly address: EndpointAddress; readonly hostname: string } {
  const host = endpoint.hostIdentifier.case === 'endpoint' ? endpoint.hostIdentifier.value : undefined;
  const hostname = host?.hostname ?? '';
  const address = host?.address?.address;
  switch (address?.case) {
    case 'pipe':
      return { address: { path: address.value.path }, hostname };
    case 'socketAddress':
      if (address.value.portSpecifier.case === 'namedPort') break;
      return { address: { host: address.value.address, port: address.value.portSpecifier.value ?? 0 }, hostname };
  }
  throw new ClusterConfigError('BAD_ENDPOINT', `an endpoint's address (${address?.case ?? 'none'}) can't be dialled`);
}

function healthOf(status: HealthStatus): HostHealth {
  switch (status) {
    case HealthStatus.UNHEALTHY:
    case HealthStatus.DRAINING:
    case HealthStatus.TIMEOUT:
      return 'unhealthy';
    case HealthStatus.DEGRADED:
      return 'degraded';
    default:
      return 'healthy';
  }
}
