// What a TLS handshake is given, and who is told of its end.
import type { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { TlsInfo, Transport } from './transport.ts';
import type { TransportError } from './transport-error.ts';

/** What the peer sent after its own certificate, each the issuer of the one before; nothing where a session is taken up. */
export type PeerIssuers = () => readonly X509Certificate[];

/** Told of connections whose handshake is over, and of their end. */
export interface PeerRegister {
  opened(transport: Transport): void;
  closed(transport: Transport): void;
}

interface TlsOptions {
  /** The caller's `tls.createSecureContext`: key, chain, CA, versions. Swap it between connections. */
  readonly secureContext: SecureContext;
  /** In the order of preference; empty: no ALPN. A server refuses a client whose list shares nothing with it. */
  readonly alpnProtocols: readonly string[];
  /** A further check of the verified peer (its SANs), before any byte is read: the reason to refuse, or undefined. */
  readonly verifyPeer?: (info: TlsInfo, issuers: PeerIssuers) => string | undefined;
  readonly peers?: PeerRegister;
}

export interface ServerTlsOptions extends TlsOptions {
  /** `none`: not asked for. `request`: verified if sent. `require`: no connection without. */
  readonly clientCertificate: 'none' | 'request' | 'require';
  /** False: a certificate is judged by `verifyPeer` alone. Default true. */
  readonly verifyChain?: boolean;
  /** The context for a server name that only the handshake tells; undefined: `secureContext` is for all names. */
  readonly contextOf?: (serverName: string) => SecureContext;
  /** Bytes read from the transport while sniffing: the handshake's first. */
  readonly readBefore?: Buffer;
}

export interface ClientTlsOptions extends TlsOptions {
  /** SNI; undefined or an IP address: none sent. */
  readonly serverName: string | undefined;
  /** False: the chain is not verified (no CA is configured). Default true. */
  readonly verifyChain?: boolean;
  /** Sessions to take up, and where new ones go; of connections with the same secrets and rules only. */
  readonly sessions?: TlsSessions;
}

/** Sessions by server: its address and the name sent to it. */
export interface TlsSessions {
  take(server: string): TlsSession | undefined;
  put(server: string, session: TlsSession): void;
}

export interface TlsSession {
  readonly session: Buffer;
  /** DER of the server's certificate, which a handshake that takes the session up does not show again. */
  readonly peerCertificate: Buffer | undefined;
}

/** Told how a handshake ended, once. After `onError` the transport is closed and its own handler hears `onClose`. */
export interface TlsHandler {
  onSecure(info: TlsInfo): void;
  onError(error: TransportError): void;
}
