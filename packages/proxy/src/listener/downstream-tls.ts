// Turns a DownstreamTlsContext into what each handshake needs, made anew whenever a secret rotates.
import { X509Certificate } from 'node:crypto';
import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { DownstreamTlsContext } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { ServerTlsOptions, TlsInfo } from '@meltemi/wire';
import { refusePeer, uriSans } from '../tls/peer-certificate.ts';
import { type TlsMaterial, type TlsMaterialWatch, type WatchSecret, watchTlsMaterial } from '../tls/tls-material.ts';
import { tlsParams } from '../tls/tls-params.ts';

/** Certificates and handshake options of a filter chain. Until all secrets came, no handshake is possible. */
export class DownstreamTls {
  readonly #context: DownstreamTlsContext;
  readonly #watch: TlsMaterialWatch;
  readonly #onReady: () => void;
  #material: TlsMaterial | undefined;
  #secureContext: SecureContext | undefined;
  /** URI names of our own certificate. */
  localUris: readonly string[] = [];

  /** Throws TlsConfigError for what can't be honoured. `onReady` may be called before this returns. */
  constructor(context: DownstreamTlsContext, watchSecret: WatchSecret, onReady: () => void) {
    this.#context = context;
    this.#onReady = onReady;
    this.#watch = watchTlsMaterial(context.commonTlsContext, watchSecret, (material) => this.#rotate(material));
  }

  get ready(): boolean {
    return this.#secureContext !== undefined;
  }

  get material(): TlsMaterial | undefined {
    return this.#material;
  }

  /** Undefined: secrets are missing; the connection must be closed. */
  handshake(readBefore: Buffer | undefined): ServerTlsOptions | undefined {
    if (!this.#secureContext) return undefined;
    return {
      secureContext: this.#secureContext,
      alpnProtocols: this.#context.commonTlsContext?.alpnProtocols ?? [],
      clientCertificate: this.#clientCertificate(),
      verifyPeer: (info) => this.#refuse(info),
      ...(readBefore && { readBefore }),
    };
  }

  close(): void {
    this.#watch.close();
  }

  #clientCertificate(): 'none' | 'request' | 'require' {
    if (this.#context.requireClientCertificate) return 'require';
    return this.#material?.trustedCa === undefined ? 'none' : 'request';
  }

  #refuse(info: TlsInfo): string | undefined {
    if (!info.peerCertificate) return undefined;
    return refusePeer(info.peerCertificate, this.#material?.sanMatchers ?? []);
  }

  #rotate(material: TlsMaterial): void {
    const first = this.#secureContext === undefined;
    this.#material = material;
    this.#secureContext = createSecureContext({
      ...tlsParams(this.#context.commonTlsContext?.tlsParams),
      cert: material.keyPairs.map((pair) => pair.certificateChain),
      key: material.keyPairs.map((pair) => pair.key),
      ...(material.trustedCa !== undefined && { ca: material.trustedCa }),
      // A resumed session would skip the judgement of the peer by today's roots and names.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
    const chain = material.keyPairs[0]?.certificateChain;
    this.localUris = chain ? uriSans(new X509Certificate(chain).raw) : [];
    if (first) this.#onReady();
  }
}
