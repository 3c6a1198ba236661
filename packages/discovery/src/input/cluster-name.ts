// The names that Istio gives to clusters, listeners and server names; tools and dashboards read them.
import type { Host } from '@meltemi/base';

/** `outbound|9080|v1|reviews.default.svc.cluster.local`; the subset may be empty. */
export function outboundName(host: Host, port: number, subset = ''): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** `inbound|9080||` */
export function inboundName(port: number): string {
  return `inbound|${port}||`;
}

/** `outbound_.9080_.v1_.reviews.default.svc.cluster.local`: what a client says in its TLS hello. */
export function outboundServerName(host: Host, port: number, subset = ''): string {
  return `outbound_.${port}_.${subset}_.${host}`;
}

export const BLACK_HOLE_CLUSTER = 'BlackHoleCluster';
/** To where the application wanted to go. */
export const PASSTHROUGH_CLUSTER = 'PassthroughCluster';
/** To a port of the application that no service names. */
export const INBOUND_PASSTHROUGH_CLUSTER = 'InboundPassthroughCluster';
