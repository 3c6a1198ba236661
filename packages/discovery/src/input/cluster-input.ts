// Everything that a cluster depends on, as plain values: the cluster's cache key.
import type { Patched } from './envoy-filter/patch-input.ts';
import type { LocalityEndpointInput } from './endpoint-input.ts';
import type { Provenance } from './provenance.ts';
import type { TlsLimits } from './tls-limits.ts';

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
  readonly maxConnectionDurationMs?: number;
  readonly maxConcurrentStreams?: number;
  /** Of TCP; what is absent is the system's. */
  readonly keepAlive?: { readonly probes?: number; readonly idleMs?: number; readonly intervalMs?: number };
}

export interface OutlierDetectionInput {
  readonly consecutive5xx?: number;
  readonly consecutiveGatewayErrors?: number;
  readonly intervalMs?: number;
  readonly baseEjectionTimeMs?: number;
  readonly maxEjectionPercent?: number;
  readonly minHealthPercent?: number;
  /** Failures to connect are counted for themselves; 0: Envoy's own number of them. */
  readonly localOrigin?: { readonly consecutiveFailures: number };
}

/** mesh: mutual TLS always. mesh-endpoints: to the endpoints that say that they have a sidecar, plaintext to others. */
export interface MeshTlsInput {
  readonly kind: 'mesh' | 'mesh-endpoints';
  readonly sni: string;
  readonly subjectAltNames: readonly string[];
}

export type ClusterTlsInput =
  | { readonly kind: 'none' }
  | MeshTlsInput
  | {
      readonly kind: 'simple';
      readonly sni: string;
      /** A file; empty: the server is not verified. */
      readonly caCertificates: string;
      /** Files; empty: none. */
      readonly clientCertificate: string;
      readonly privateKey: string;
      readonly subjectAltNames: readonly string[];
      readonly limits?: TlsLimits;
    };

/** A service as the metadata of clusters names it. */
export type ServiceReference = Readonly<Record<'host' | 'name' | 'namespace', string>>;

export interface OutboundClusterInput {
  readonly kind: 'outbound';
  readonly name: string;
  readonly discovery:
    | { readonly kind: 'eds' }
    /** `once`: one address at a time is used, that of the last answer. */
    | {
        readonly kind: 'dns';
        readonly once: boolean;
        readonly refreshMs: number;
        readonly endpoints: readonly LocalityEndpointInput[];
      }
    /** `port`: the target's, where it is not the one that callers dial. */
    | { readonly kind: 'original-destination'; readonly port?: number };
  readonly http: HttpVersionInput;
  readonly loadBalancer: LoadBalancerInput;
  readonly connectionPool: ConnectionPoolInput;
  readonly outlierDetection: OutlierDetectionInput | undefined;
  /** Localities take requests by their weights, whatever is behind them. */
  readonly weighsLocalities?: true;
  readonly tls: ClusterTlsInput;
  readonly service: {
    readonly reference: ServiceReference;
    /** Outside of the mesh. */
    readonly external: boolean;
  };
  readonly subset: string;
  /** Under which it is counted; undefined: its own name. */
  readonly statName?: string;
  /** Of the DestinationRule, else of nothing. */
  readonly provenance: Provenance | undefined;
}

export interface InboundClusterInput {
  readonly kind: 'inbound';
  readonly name: string;
  /** Undefined: the address that the client wanted. */
  readonly app: { readonly host: string; readonly port: number } | undefined;
  readonly http: HttpVersionInput;
  /** Under which it is counted; undefined: its own name. */
  readonly statName?: string;
  /** Whose port it is. */
  readonly services: readonly ServiceReference[];
  /** Of the service's DestinationRule: the application's limits are its clients'. */
  readonly provenance?: Provenance;
  readonly connectionPool: ConnectionPoolInput;
}

/** Where traffic goes on to the address that the client wanted. */
export interface PassthroughClusterInput {
  readonly kind: 'passthrough';
  readonly name: string;
  readonly connectionPool: ConnectionPoolInput;
  /** The address that connections are made from; empty: any. */
  readonly from: string;
}

/** Where traffic goes that leads nowhere. */
export interface BlackHoleClusterInput {
  readonly kind: 'black-hole';
  readonly name: string;
}

export type ClusterInput = (
  | OutboundClusterInput
  | InboundClusterInput
  | PassthroughClusterInput
  | BlackHoleClusterInput
) &
  Patched & {
    /** Header fields that requests lose on their way into it; undefined: none. */
    readonly withheld?: readonly string[];
  };

/** What requests are sent in: the version that the port speaks, or the one that they came in. */
export type HttpVersionInput = 'http1' | 'http2' | 'as-received';

/** Connections of the sidecar to its own application come from here, so that they are not redirected to it again. */
export const INBOUND_SOURCE = '127.0.0.6';
