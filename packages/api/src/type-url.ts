// The resource types of xDS, by the short names that everyone uses.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#resource-types

export type XdsType = 'CDS' | 'EDS' | 'LDS' | 'RDS' | 'SDS' | 'ECDS' | 'VHDS';

export const TYPE_URL: Readonly<Record<XdsType, string>> = {
  CDS: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  EDS: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  LDS: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  RDS: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  SDS: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  ECDS: 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
  VHDS: 'type.googleapis.com/envoy.config.route.v3.VirtualHost',
};

/** The order in which changes go out, so that nothing names what is not there yet. */
export const PUSH_ORDER: readonly XdsType[] = ['CDS', 'EDS', 'LDS', 'RDS', 'SDS', 'ECDS', 'VHDS'];

/** The short name of a type URL, or undefined for a type we do not know. */
export function xdsTypeOf(typeUrl: string): XdsType | undefined {
  return PUSH_ORDER.find((type) => TYPE_URL[type] === typeUrl);
}
