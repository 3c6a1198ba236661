// A server's side of one TLS handshake, on the handle of an accepted connection: secure, or the reason why not.
import type { HandshakeReader, SocketTransport } from './socket-transport.ts';
import { handshakeError } from './handshake-error.ts';
import {
  alpnList,
  issuersOf,
  nativeContext,
  peerCertificate,
  type TlsHandle,
  type TlsOwner,
  wrapServer,
} from './tls-handle.ts';
import type { ServerTlsOptions, TlsHandler } from './tls-options.ts';
import type { TlsInfo } from './transport.ts';
import { TransportError } from './transport-error.ts';

export class ServerHandshake implements HandshakeReader, TlsOwner {
  readonly #carrier: SocketTransport;
  readonly #options: ServerTlsOptions;
  readonly #handler: TlsHandler;
  readonly #handle: TlsHandle;
  #settled = false;

  constructor(carrier: SocketTransport, options: ServerTlsOptions, handler: TlsHandler) {
    this.#carrier = carrier;
    this.#options = options;
    this.#handler = handler;
    const { clientCertificate, verifyChain = true } = options;
    const handle = (this.#handle = wrapServer(carrier.detachHandle(), options.secureContext, this));
    if (clientCertificate !== 'none') handle.setVerifyMode(true, clientCertificate === 'require' && verifyChain);
    if (options.alpnProtocols.length > 0) handle.setALPNProtocols(alpnList(options.alpnProtocols));
    if (options.contextOf) this.#chooseContext(options.contextOf);
    carrier.carryTls(handle, this);
  }

  start(): void {
    const { readBefore } = this.#options;
    if (readBefore) this.#handle.receive(readBefore);
    if (this.#carrier.open) this.#handle.readStart();
  }

  /** No bytes come before the handshake is done. */
  onRead(): void {}

  onReadEnd(): void {
    this.#fail(new TransportError('TLS_FAILED', 'the peer closed during the handshake'));
  }

  onReadError(): void {
    this.#fail(new TransportError('TLS_FAILED', 'closed during the handshake'));
  }

  /** The connection is gone. */
  onClosed(): void {
    this.#fail(new TransportError('TLS_FAILED', 'closed during the handshake'));
  }

  /** TLS 1.3 has messages after the handshake; before it, another one would be a renegotiation, which nobody wants. */
  onHandshakeStart(): void {
    if (!this.#settled || this.#handle.getProtocol() === 'TLSv1.3') return;
    this.#carrier.fail(new TransportError('TLS_FAILED', 'the peer wants to renegotiate'));
  }

  onHandshakeDone(): void {
    if (this.#settled || !this.#carrier.open) return;
    const info = tlsInfo(this.#handle);
    const refusal = this.#refusal(info);
    if (refusal) return this.#fail(refusal);
    this.#settled = true;
    this.#carrier.attach(info, this.#options.peers);
    this.#handler.onSecure(info);
    this.#carrier.start();
  }

  onTlsError(error: Error): void {
    if (this.#settled) this.#carrier.fail(error);
    else this.#fail(handshakeError(error));
  }

  #chooseContext(contextOf: NonNullable<ServerTlsOptions['contextOf']>): void {
    const handle = this.#handle;
    handle.oncertcb = ({ servername }) => {
      if (servername) handle.sni_context = nativeContext(contextOf(servername.toLowerCase()));
      try {
        handle.certCbDone();
      } catch (error) {
        this.onTlsError(error as Error);
      }
    };
    handle.enableCertCb();
  }

  #refusal(info: TlsInfo): TransportError | undefined {
    const { clientCertificate, verifyChain = true, verifyPeer } = this.#options;
    if (clientCertificate === 'require' && !info.peerCertificate)
      return new TransportError('TLS_NO_PEER_CERTIFICATE', 'the client sent no certificate');
    const judged = clientCertificate !== 'none' && verifyChain && info.peerCertificate;
    const problem = judged ? this.#handle.verifyError() : undefined;
    const reason = problem ? `client certificate: ${problem.message}` : verifyPeer?.(info, this.#issuers);
    return reason === undefined ? undefined : new TransportError('TLS_PEER_REFUSED', reason);
  }

  readonly #issuers = () => issuersOf(peerCertificate(this.#handle));

  #fail(error: TransportError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#carrier.fail(error);
    this.#handler.onError(error);
  }
}

function tlsInfo(handle: TlsHandle): TlsInfo {
  return {
    alpn: handle.getALPNNegotiatedProtocol() || undefined,
    sni: handle.getServername() || undefined,
    version: handle.getProtocol() ?? '',
    cipher: handle.getCipher().name,
    peerCertificate: peerCertificate(handle)?.raw,
    resumed: handle.isSessionReused(),
  };
}
