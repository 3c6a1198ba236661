// Everything that a listener depends on, as plain values: the listener's cache key.
import type { SocketAddress } from '@meltemi/base';
import type { AuthorizationInput } from './authorization-rules.ts';
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

/**
 * How TLS ends at a listener. mesh: mutual TLS with the mesh's certificates. files: what files hold.
 * secrets: what the proxy asks for by name, of its agent or of the control plane.
 */
export type ServerTlsInput =
  | { readonly kind: 'mesh'; readonly trustDomain: string }
  | {
      readonly kind: 'files';
      readonly mode: ServerTlsMode;
      readonly certificate: string;
      readonly privateKey: string;
      readonly caCertificates: string;
    }
  | {
      readonly kind: 'secrets';
      readonly mode: ServerTlsMode;
      readonly from: 'agent' | 'control-plane';
      readonly keyPair: string;
      readonly roots: string;
    };

export type ServerTlsMode = 'SIMPLE' | 'MUTUAL' | 'OPTIONAL_MUTUAL';

/** Which connections a chain takes; what is empty or undefined asks for nothing. */
export interface ChainMatchInput {
  /** Where the client wanted to go. */
  readonly port: number | undefined;
  /** `10.0.0.0/8`, or an address. */
  readonly prefixes: readonly string[];
  /** In the client's hello. */
  readonly serverNames: readonly string[];
  readonly transport: 'tls' | 'plaintext' | undefined;
  /** What the client offers in its hello, or what its first bytes look like. */
  readonly applicationProtocols: readonly string[];
}

/** What serves some of a listener's connections. */
export interface ChainInput {
  readonly name: string;
  readonly statPrefix: string;
  readonly match: ChainMatchInput;
  readonly traffic: TrafficInput;
  /** Undefined: plaintext, or TLS that goes on as it is. */
  readonly tls: ServerTlsInput | undefined;
}

/** What is read of a connection before its chain is chosen: of all ports but these; undefined: of none. */
export interface InspectionInput {
  readonly tlsBut: readonly number[] | undefined;
  readonly httpBut: readonly number[] | undefined;
}

/**
 * How connections come. own-port: the listener opens its port. handed-over: others hand it theirs.
 * hands-over: opens its port, and hands each connection to the listener of the address that the client wanted.
 * redirected: opens its port, and serves connections by the address that the client wanted.
 */
export type CaptureInput = 'own-port' | 'handed-over' | 'hands-over' | 'redirected';

export interface ListenerInput {
  readonly name: string;
  readonly direction: 'inbound' | 'outbound' | 'gateway';
  readonly address: SocketAddress;
  readonly capture: CaptureInput;
  readonly inspection: InspectionInput;
  readonly chains: readonly ChainInput[];
  /** For connections that no chain takes; undefined: they are closed. */
  readonly otherwise: ChainInput | undefined;
  readonly accessLog: AccessLogInput;
  /** Undefined: everybody may call. */
  readonly authorization?: AuthorizationInput;
}

export const ANY_CONNECTION: ChainMatchInput = {
  port: undefined,
  prefixes: [],
  serverNames: [],
  transport: undefined,
  applicationProtocols: [],
};

export const NO_INSPECTION: InspectionInput = { tlsBut: undefined, httpBut: undefined };
