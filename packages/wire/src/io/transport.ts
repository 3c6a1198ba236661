// One connection's bytes, whatever carries them: the interface that the proxy's codecs stand on.
import type { SocketAddress } from '@meltemi/base';

/** Where to connect or listen: TCP, or a Unix socket's path. */
export type TransportAddress = SocketAddress | { readonly path: string };

/** What a handshake settled. */
export interface TlsInfo {
  /** The protocol agreed by ALPN. */
  readonly alpn: string | undefined;
  /** The server name that the client sent. */
  readonly sni: string | undefined;
  /** `TLSv1.3`. */
  readonly version: string;
  /** OpenSSL's name, as in `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string;
  /** DER of the peer's own certificate, verified against the CA; undefined where it sent none. */
  readonly peerCertificate: Buffer | undefined;
  readonly resumed: boolean;
}

/** Told of one connection's events. After `onClose` nothing follows. */
export interface TransportHandler {
  /** The buffer is reused: copy what must outlive the call. */
  onData(bytes: Buffer): void;
  /** The peer sends no more; writing goes on. */
  onEnd(): void;
  /** What was queued is out after a `write` that returned false. */
  onDrain(): void;
  /** The connection is gone, once; with the error that ended it, if one did. */
  onClose(error?: Error): void;
}

/** Ends of a connection as somebody knows them better than the socket; what is left out stays. */
export interface PresentedEnds {
  readonly remote?: SocketAddress;
  readonly local?: SocketAddress;
}

/** A connection: read, write, close. The same object lives on when TLS starts on it. */
export interface Transport {
  handler: TransportHandler;
  /** Of a Unix socket: the path as host, and port 0. Of a presented connection: what was presented. */
  readonly remoteAddress: SocketAddress;
  readonly localAddress: SocketAddress;
  /** The socket's own peer, whatever was presented. */
  readonly directRemoteAddress: SocketAddress;
  /** True when `localAddress` is where the client wanted to go, not where it was accepted. */
  readonly localAddressRestored: boolean;
  /** The name in the client's hello, as far as somebody looked before the handshake or without one. */
  requestedServerName: string | undefined;
  /** What filters of the connection say to those after them, by their own keys; undefined: nothing yet. */
  state: Map<string, unknown> | undefined;
  /** undefined: plaintext, or the handshake is not over. */
  readonly tls: TlsInfo | undefined;
  /** Bytes that wait to be sent. */
  readonly bytesQueued: number;
  /** So many bytes may wait before `write` asks for a pause: 64 KiB unless it was set; Infinity: any number. */
  queueLimit: number;
  /** Not closed and not told to. */
  readonly open: boolean;
  /** From now on it has these ends: the destination before a redirection, or those that a proxy in front names. */
  present(ends: PresentedEnds): void;
  /** A string is latin1. The buffer must stay as it is until sent. False: over `queueLimit` are queued; `onDrain` follows. */
  write(data: Buffer | string): boolean;
  /** Holds writes back until `uncork`: one system call for several. */
  cork(): void;
  uncork(): void;
  pauseReading(): void;
  resumeReading(): void;
  /** Sends FIN after what is queued; reading goes on. */
  end(): void;
  /** Closes now; what is queued is lost. */
  destroy(): void;
  /** Closes with a TCP reset. */
  reset(): void;
}

/** The `queueLimit` of a connection that nobody set. */
export const highWaterMark = 64 * 1024;
