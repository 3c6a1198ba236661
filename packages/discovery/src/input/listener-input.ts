// Everything that a listener depends on, as plain values: the listener's cache key.
import type { SocketAddress } from '@meltemi/base';
import type { RouteInput } from './route-input.ts';

export interface AccessLogInput {
  /** Empty: none. */
  readonly file: string;
  /** Empty: Envoy's default. */
  readonly format: string;
}

/** What a listener does with a connection. */
export type TrafficInput =
  | { readonly kind: 'routes'; readonly routeName: string }
  | { readonly kind: 'inline-routes'; readonly routes: RouteInput }
  | TcpTrafficInput;

/** Bytes as they are, to clusters by weight. */
export interface TcpTrafficInput {
  readonly kind: 'tcp';
  readonly clusters: readonly { readonly cluster: string; readonly weight: number }[];
  /** Undefined: the proxy's own, an hour. */
  readonly idleTimeoutMs: number | undefined;
  /** Connections of one client address go to one endpoint. */
  readonly hashSourceIp: boolean;
}

/** Certificates for a gateway's own clients; files. */
export interface ServerTlsInput {
  readonly mode: 'SIMPLE' | 'MUTUAL' | 'OPTIONAL_MUTUAL';
  readonly certificate: string;
  readonly privateKey: string;
  readonly caCertificates: string;
}

/** Serves the sidecar's own application in plaintext. */
export interface OutboundListenerInput {
  readonly kind: 'outbound';
  readonly name: string;
  readonly address: SocketAddress;
  readonly traffic: TrafficInput;
  readonly accessLog: AccessLogInput;
}

/** Serves the mesh: mutual TLS only. */
export interface InboundListenerInput {
  readonly kind: 'inbound';
  readonly name: string;
  readonly address: SocketAddress;
  readonly traffic: TrafficInput;
  readonly accessLog: AccessLogInput;
  readonly trustDomain: string;
}

/** What serves some of a gateway's connections. */
export interface GatewayChainInput {
  readonly traffic: TrafficInput;
  /** Undefined: plaintext, or TLS that goes on as it is. */
  readonly tls: ServerTlsInput | undefined;
  /** In the client's hello; empty: any. */
  readonly serverNames: readonly string[];
}

/** Serves clients from outside. */
export interface GatewayListenerInput {
  readonly kind: 'gateway';
  readonly name: string;
  readonly address: SocketAddress;
  readonly chains: readonly GatewayChainInput[];
  readonly accessLog: AccessLogInput;
}

export type ListenerInput = OutboundListenerInput | InboundListenerInput | GatewayListenerInput;
