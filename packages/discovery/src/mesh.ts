// What holds for the whole mesh: the part of Istio's MeshConfig that generated resources depend on.

export interface MeshSettings {
  /** DNS domain of services: `cluster.local`. */
  readonly domain: string;
  readonly trustDomain: string;
  /** Rules of this namespace hold for all: `istio-system`. */
  readonly rootNamespace: string;
  /** Empty: no access log. */
  readonly accessLogFile: string;
  /** Empty: Envoy's default format. */
  readonly accessLogFormat: string;
  readonly connectTimeoutMs: number;
  /** File with the roots by which servers outside of the mesh are verified. */
  readonly systemRoots: string;
  /** What becomes of traffic to where nobody declared a service. */
  readonly outboundTrafficPolicy: OutboundTrafficPolicy;
  /** What a destination gets whose rules name no balancer. */
  readonly loadBalancer: 'LEAST_REQUEST' | 'ROUND_ROBIN' | 'RANDOM';
}

export type OutboundTrafficPolicy = 'ALLOW_ANY' | 'REGISTRY_ONLY';

/** Istio's defaults. https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/ */
export const DEFAULT_MESH: MeshSettings = {
  domain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  accessLogFile: '/dev/stdout',
  accessLogFormat: '',
  connectTimeoutMs: 10_000,
  systemRoots: '/etc/ssl/certs/ca-certificates.crt',
  outboundTrafficPolicy: 'ALLOW_ANY',
  loadBalancer: 'ROUND_ROBIN',
};
