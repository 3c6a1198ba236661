// Everything that a cluster depends on, as plain values: the cluster's cache key.

/** Where a resource was written, for its metadata. */
export interface Provenance {
  /** `/apis/networking.istio.io/v1/namespaces/NS/virtual-service/NAME` */
  readonly config: string;
  /** `file:line` */
  readonly source: string;
}

export type LoadBalancerInput =
  | { readonly kind: 'round-robin' | 'least-request' | 'random' }
  | { readonly kind: 'ring-hash'; readonly minimumRingSize: number }
  | { readonly kind: 'maglev'; readonly tableSize: number };

/** Limits; absent ones are unlimited, as Istio's. */
export interface ConnectionPoolInput {
  readonly connectTimeoutMs: number;
  readonly maxConnections?: number;
  readonly maxPendingRequests?: number;
  readonly maxRequests?: number;
  readonly maxRequestsPerConnection?: number;
  readonly maxRetries?: number;
  readonly idleTimeoutMs?: number;
}

export interface OutlierDetectionInput {
  readonly consecutive5xx?: number;
  readonly consecutiveGatewayErrors?: number;
  readonly intervalMs?: number;
  readonly baseEjectionTimeMs?: number;
  readonly maxEjectionPercent?: number;
  readonly minHealthPercent?: number;
}

export type ClusterTlsInput =
  | { readonly kind: 'none' }
  | { readonly kind: 'mesh'; readonly sni: string; readonly subjectAltNames: readonly string[] }
  | {
      readonly kind: 'simple';
      readonly sni: string;
      /** A file; empty: the server is not verified. */
      readonly caCertificates: string;
      /** Files; empty: none. */
      readonly clientCertificate: string;
      readonly privateKey: string;
      readonly subjectAltNames: readonly string[];
    };

export interface DnsEndpointInput {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

export interface OutboundClusterInput {
  readonly kind: 'outbound';
  readonly name: string;
  readonly discovery:
    | { readonly kind: 'eds' }
    | { readonly kind: 'dns'; readonly endpoints: readonly DnsEndpointInput[] };
  readonly http2: boolean;
  readonly loadBalancer: LoadBalancerInput;
  readonly connectionPool: ConnectionPoolInput;
  readonly outlierDetection: OutlierDetectionInput | undefined;
  readonly tls: ClusterTlsInput;
  readonly service: { readonly host: string; readonly name: string; readonly namespace: string };
  readonly subset: string;
  /** Of the DestinationRule, else of nothing. */
  readonly provenance: Provenance | undefined;
}

export interface InboundClusterInput {
  readonly kind: 'inbound';
  readonly name: string;
  readonly app: { readonly host: string; readonly port: number };
  readonly http2: boolean;
  readonly connectTimeoutMs: number;
}

/** Where traffic goes that leads nowhere. */
export interface BlackHoleClusterInput {
  readonly kind: 'black-hole';
  readonly name: string;
}

export type ClusterInput = OutboundClusterInput | InboundClusterInput | BlackHoleClusterInput;
