// The handle of a plaintext connection → the handle that carries TLS over it, as server, without a TLSSocket around it.
// The handle is private to Node (`tls_wrap`): everything that knows its shape beyond a stream's is in this file.
import type { X509Certificate } from 'node:crypto';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { StreamHandle } from './stream-handle.ts';

/** Told on OpenSSL's stack: nothing may be freed there. */
export interface TlsOwner {
  onHandshakeStart(): void;
  /** Comes again after messages that follow the handshake. */
  onHandshakeDone(): void;
  onTlsError(error: Error): void;
}

export interface TlsHandle extends StreamHandle {
  owner: TlsOwner;
  oncertcb: (hello: { readonly servername: string }) => void;
  /** What `oncertcb` chose; undefined: the context that the handle was made with. */
  sni_context: unknown;
  setVerifyMode(asks: boolean, refuses: boolean): void;
  setALPNProtocols(protocols: Buffer): void;
  enableCertCb(): void;
  certCbDone(): void;
  /** Bytes that were read already. */
  receive(bytes: Buffer): void;
  destroySSL(): void;
  getALPNNegotiatedProtocol(): string | false;
  getServername(): string | false;
  getProtocol(): string | null;
  getCipher(): { readonly name: string };
  isSessionReused(): boolean;
  verifyError(): Error | null | undefined;
}

interface TlsWrap {
  readonly wrap: (under: StreamHandle, context: unknown, isServer: boolean, hasPendingWrite: boolean) => TlsHandle;
}

const { wrap } = (process as unknown as { binding(name: 'tls_wrap'): TlsWrap }).binding('tls_wrap');

/** From now on it reads and writes the connection. The caller keeps it referenced until `freeTls`. */
export function wrapServer(under: StreamHandle, context: SecureContext, owner: TlsOwner): TlsHandle {
  return Object.assign(wrap(under, nativeContext(context), true, false), { owner }, EVENTS);
}

const EVENTS = {
  onhandshakestart(this: TlsHandle) {
    this.owner.onHandshakeStart();
  },
  onhandshakedone(this: TlsHandle) {
    this.owner.onHandshakeDone();
  },
  onerror(this: TlsHandle, error: Error) {
    this.owner.onTlsError(error);
  },
};

/** To be called once the connection is closed; it is freed when OpenSSL is surely not on the stack. */
export function freeTls(handle: TlsHandle): void {
  setImmediate(free, handle);
}

function free(handle: TlsHandle): void {
  handle.destroySSL();
}

/** What OpenSSL has of a context. */
export function nativeContext(context: SecureContext): unknown {
  return context.context;
}

/** The peer's own; undefined where it sent none. */
export function peerCertificate(handle: TlsHandle): X509Certificate | undefined {
  return TLSSocket.prototype.getPeerX509Certificate.call({ _handle: handle } as unknown as TLSSocket);
}

/** The issuers that came with a certificate, in order. */
export function issuersOf(certificate: X509Certificate | undefined): readonly X509Certificate[] {
  const found: X509Certificate[] = [];
  let next = certificate?.issuerCertificate;
  while (next && found.length < MOST_ISSUERS) {
    found.push(next);
    next = next.issuerCertificate;
  }
  return found;
}

/** As OpenSSL follows them. */
const MOST_ISSUERS = 100;

/** Lists of protocols as they go over the wire: each name after its length. */
const alpnLists = new Map<string, Buffer>();

export function alpnList(protocols: readonly string[]): Buffer {
  const key = protocols.join(',');
  const known = alpnLists.get(key);
  if (known) return known;
  const list = Buffer.concat(protocols.map((name) => Buffer.from([name.length, ...Buffer.from(name, 'latin1')])));
  alpnLists.set(key, list);
  return list;
}
