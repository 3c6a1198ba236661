// Turns a DownstreamTlsContext into what each handshake needs, made anew whenever a secret rotates.
import { createHash, X509Certificate } from 'node:crypto';
import {
  type DownstreamTlsContext,
  DownstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { Clock } from '@meltemi/base';
import type { PeerIssuers, ServerTlsOptions, TlsInfo } from '@meltemi/wire';
import { MULTIPLEXED } from '../tls/multiplexed-protocol.ts';
import { withIssuers } from '../tls/issued-chain.ts';
import { OpenPeers } from '../tls/open-peers.ts';
import { revocationLists } from '../tls/revocation-lists.ts';
import { judgePeer, type RefusalKind, uriSans } from '../tls/peer-certificate.ts';
import { DOWNSTREAM_TLS_FIELDS, refuseTlsFields } from '../tls/tls-fields.ts';
import { type TlsMaterial, type TlsMaterialWatch, type WatchSecret, watchTlsMaterial } from '../tls/tls-material.ts';
import { tlsParams } from '../tls/tls-params.ts';
import { type ChooseContext, serverCertificates } from './server-certificates.ts';
import { type SessionTickets, sessionTickets } from './session-tickets.ts';

/** The connection that shakes hands: what its hello asks for, as far as somebody looked, and why its peer was refused. */
export interface HandshakeSeat {
  readonly serverName: string;
  readonly applicationProtocols: readonly string[];
  refusal: RefusalKind | undefined;
}

/** Certificates and handshake options of a filter chain. Until all secrets came, no handshake is possible. */
export class DownstreamTls {
  readonly #context: DownstreamTlsContext;
  readonly #tickets: SessionTickets;
  readonly #watch: TlsMaterialWatch;
  readonly #clock: Clock;
  readonly #onReady: () => void;
  readonly #peers = new OpenPeers();
  #material: TlsMaterial | undefined;
  #choose: ChooseContext | undefined;
  #missing = false;
  /** Monotonic. */
  #madeAt = 0;
  /** URI names of our own certificate. */
  localUris: readonly string[] = [];

  /** Throws TlsConfigError for what can't be honoured. `onReady` may be called before this returns. */
  constructor(context: DownstreamTlsContext, watchSecret: WatchSecret, clock: Clock, onReady: () => void) {
    refuseTlsFields(DownstreamTlsContextSchema, DOWNSTREAM_TLS_FIELDS, context);
    this.#context = context;
    this.#clock = clock;
    this.#onReady = onReady;
    this.#tickets = sessionTickets(context);
    tlsParams(context.commonTlsContext?.tlsParams);
    this.#watch = watchTlsMaterial(
      context.commonTlsContext,
      watchSecret,
      (material) => this.#rotate(material),
      () => {
        this.#missing = true;
        onReady();
      },
    );
  }

  /** The listener need not wait: every secret came, or it refuses handshakes until they do. */
  get ready(): boolean {
    return this.#choose !== undefined || this.#missing;
  }

  get material(): TlsMaterial | undefined {
    return this.#material;
  }

  /** `multiplexes`: the chain takes what sidecars of our kind send so. Undefined: secrets are missing, or the client names no server where it must; the connection is to be closed. */
  handshake(readBefore: Buffer | undefined, seat: HandshakeSeat, multiplexes: boolean): ServerTlsOptions | undefined {
    if (!this.#choose || !this.#material) return undefined;
    if (this.#clock.monotonic() - this.#madeAt > this.#tickets.keyLifeMs) this.#make(this.#material);
    const choose = this.#choose;
    return {
      secureContext: choose(seat.serverName),
      ...(seat.serverName === '' && this.#material.keyPairs.length > 1 && { contextOf: choose }),
      alpnProtocols: this.#protocolsFor(seat.applicationProtocols, multiplexes),
      clientCertificate: this.#clientCertificate(),
      verifyChain: this.#material.trustedCa !== undefined && !this.#material.acceptsUntrusted,
      peers: this.#peers,
      verifyPeer: (info, issuers) => this.#refuse(info, issuers, seat),
      ...(readBefore && { readBefore }),
    };
  }

  close(): void {
    this.#watch.close();
  }

  /** A client that shares no protocol with us goes on without one, as with Envoy; OpenSSL would refuse it. */
  #protocolsFor(offered: readonly string[], multiplexes: boolean): readonly string[] {
    const ours = this.#context.commonTlsContext?.alpnProtocols ?? [];
    if (multiplexes && this.#clientCertificate() !== 'none') {
      if (offered.includes(MULTIPLEXED)) return [MULTIPLEXED];
      // Nobody looked: a client that knows it will choose it.
      if (offered.length === 0 && ours.length > 0) return [MULTIPLEXED, ...ours];
    }
    return offered.length === 0 || ours.some((protocol) => offered.includes(protocol)) ? ours : [];
  }

  #clientCertificate(): 'none' | 'request' | 'require' {
    if (this.#context.requireClientCertificate) return 'require';
    const { trustedCa, pins } = this.#material!;
    return trustedCa === undefined && !pins.any ? 'none' : 'request';
  }

  #refuse(info: TlsInfo, issuers: PeerIssuers, seat: HandshakeSeat): string | undefined {
    if (this.#context.requireSni && info.sni === undefined) return 'the client names no server';
    if (!info.peerCertificate) return undefined;
    // A resumed session was judged when it began: a certificate ends all the same.
    if (info.resumed && new X509Certificate(info.peerCertificate).validToDate.getTime() < this.#clock.now())
      return 'the certificate of a resumed session has expired';
    const refusal = judgePeer(info.peerCertificate, this.#material!, info.resumed ? undefined : issuers);
    seat.refusal = refusal?.kind;
    return refusal?.reason;
  }

  #rotate(material: TlsMaterial): void {
    const first = this.#choose === undefined;
    this.#material = material;
    this.#make(material);
    const chain = material.keyPairs[0]?.certificateChain;
    this.localUris = chain ? uriSans(new X509Certificate(chain).raw) : [];
    if (first) this.#onReady();
    else if (material.revocations.any) this.#peers.close((der) => material.revocations.has(der));
  }

  /** New contexts have ticket keys of their own, unless the configuration gives one: then the name of the trust tells them apart. */
  #make(material: TlsMaterial): void {
    this.#madeAt = this.#clock.monotonic();
    this.#choose = serverCertificates(withIssuers(material), {
      ...tlsParams(this.#context.commonTlsContext?.tlsParams),
      ...(material.trustedCa !== undefined && { ca: material.trustedCa }),
      ...revocationLists(material),
      ...this.#tickets.options,
      sessionIdContext: trustName(material),
    });
  }
}

/** Sessions are resumed only under the roots that they began with; names are judged anew anyway. */
function trustName({ trustedCa = '', revoked = '', bundles }: TlsMaterial): string {
  return createHash('sha256')
    .update(`${trustedCa}|${revoked}|${bundles?.name ?? ''}`)
    .digest('hex')
    .slice(0, 32);
}
