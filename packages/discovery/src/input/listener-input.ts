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
  | { readonly kind: 'tcp'; readonly cluster: string };

/** Certificates for a gateway's own clients; files. */
export interface ServerTlsInput {
  readonly mode: 'SIMPLE' | 'MUTUAL' | 'OPTIONAL_MUTUAL';
  readonly certificate: string;
  readonly privateKey: string;
  readonly caCertificates: string;
  /** Empty: any. */
  readonly serverNames: readonly string[];
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

/** Serves clients from outside. */
export interface GatewayListenerInput {
  readonly kind: 'gateway';
  readonly name: string;
  readonly address: SocketAddress;
  readonly chains: readonly { readonly traffic: TrafficInput; readonly tls: ServerTlsInput | undefined }[];
  readonly accessLog: AccessLogInput;
}

export type ListenerInput = OutboundListenerInput | InboundListenerInput | GatewayListenerInput;
