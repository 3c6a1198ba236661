// Everything that a listener depends on, as plain values: the listener's cache key.
import type { SocketAddress } from '@meltemi/base';
import type { PathNormalization } from '../mesh.ts';
import type { AuthorizationInput } from './authorization-rules.ts';
import type { MixerInput } from './mixer-filter-input.ts';
import type { Patched } from './envoy-filter/patch-input.ts';
import type { Provenance } from './provenance.ts';
import type { RateLimitInput } from './rate-limit-input.ts';
import type { RouteInput } from './route-input.ts';
import type { AccessLogInput, StatsInput, TracingInput } from './telemetry/telemetry-input.ts';
import type { TokenRuleInput } from './token-rules.ts';
import type { TlsLimits } from './tls-limits.ts';

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
  /** Of a connection, however busy; undefined: none. */
  readonly maxDurationMs?: number;
  /** Connections of one client address go to one endpoint. */
  readonly hashSourceIp: boolean;
  /** What is read of the bytes on their way. */
  readonly codec?: 'mongo';
  /** The name in the client's hello is the cluster; `clusters` are for who says none. */
  readonly byServerName?: true;
  /** The rule that says so. */
  readonly provenance?: Provenance;
}

/**
 * How TLS ends at a listener. mesh: mutual TLS with the mesh's certificates. files: what files hold.
 * secrets: what the proxy asks for by name, of its agent or of the control plane.
 */
export type ServerTlsInput = (
  | { readonly kind: 'mesh'; readonly trustDomains: readonly string[] }
  | {
      readonly kind: 'files';
      readonly mode: ServerTlsMode;
      readonly keyPairs: readonly KeyPairFiles[];
      readonly caCertificates: string;
    }
  | {
      readonly kind: 'secrets';
      readonly mode: ServerTlsMode;
      readonly from: 'agent' | 'control-plane';
      /** Of several the client's kinds of keys choose. */
      readonly keyPairs: readonly string[];
      readonly roots: string;
    }
) & {
  readonly limits?: TlsLimits;
  readonly peers?: PeerCertificates;
};

export interface KeyPairFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Which certificates of clients are taken, beside who signed them; what is empty asks for nothing. */
export interface PeerCertificates {
  readonly subjectAltNames: readonly string[];
  /** SHA-256 of the whole, in hexadecimal. */
  readonly hashes: readonly string[];
  /** SHA-256 of the public key, in base64. */
  readonly publicKeys: readonly string[];
  /** A file of those that are taken back. */
  readonly revoked: string;
  /** Who signed them is not looked at. */
  readonly unsigned: boolean;
}

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

export interface ListenerInput extends Patched {
  readonly name: string;
  readonly direction: 'inbound' | 'outbound' | 'gateway';
  readonly address: SocketAddress;
  readonly capture: CaptureInput;
  readonly inspection: InspectionInput;
  readonly chains: readonly ChainInput[];
  /** For connections that no chain takes; undefined: they are closed. */
  readonly otherwise: ChainInput | undefined;
  /** Undefined: nothing is logged. */
  readonly accessLog?: readonly AccessLogInput[];
  /** Undefined: nothing is traced. */
  readonly tracing?: TracingInput;
  /** Undefined: Istio's metrics are not counted. */
  readonly stats?: readonly StatsInput[];
  /** Undefined: BASE. */
  readonly pathNormalization?: PathNormalization;
  /** Undefined: the first bytes are waited for as long as the client takes. */
  readonly protocolDetectionMs?: number;
  /** Nothing is logged of connections that no chain takes. */
  readonly unlogged?: true;
  /** Undefined: everybody may call. */
  readonly authorization?: AuthorizationInput;
  /** Undefined: Mixer is told nothing. */
  readonly mixer?: MixerInput;
  /** Undefined: nothing is counted. */
  readonly rateLimits?: RateLimitInput;
  /** Undefined: tokens are not read. */
  readonly tokenRules?: readonly TokenRuleInput[];
}

export const ANY_CONNECTION: ChainMatchInput = {
  port: undefined,
  prefixes: [],
  serverNames: [],
  transport: undefined,
  applicationProtocols: [],
};

export const NO_INSPECTION: InspectionInput = { tlsBut: undefined, httpBut: undefined };
