// Turns an UpstreamTlsContext and the secrets of now into the options of a client handshake.
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import {
  type UpstreamTlsContext,
  UpstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { ClientTlsOptions, PeerIssuers, PeerRegister, TlsInfo } from '@meltemi/wire';
import { create } from '@bufbuild/protobuf';
import { CertificateValidationContextSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { withIssuers } from '../../tls/issued-chain.ts';
import { NO_PINS } from '../../tls/certificate-pins.ts';
import { judgePeer, type PeerRules, type SanMatcher, uriSans } from '../../tls/peer-certificate.ts';
import { OpenPeers } from '../../tls/open-peers.ts';
import { revocationLists } from '../../tls/revocation-lists.ts';
import { compileSanMatchers } from '../../tls/san-matcher.ts';
import { type TlsMaterial, type TlsMaterialWatch, type WatchSecret, watchTlsMaterial } from '../../tls/tls-material.ts';
import { refuseTlsFields, UPSTREAM_TLS_FIELDS } from '../../tls/tls-fields.ts';
import { tlsParams } from '../../tls/tls-params.ts';
import { SessionStore } from './session-store.ts';

export interface SecureDialling {
  readonly kind: 'tls';
  /** ALPN names: those that are configured. */
  readonly options: ClientTlsOptions;
  /** URI names of our own certificate. */
  readonly localUris: readonly string[];
  /** We show a certificate to a peer that asks. */
  readonly authenticated: boolean;
  /** The names are offered as they are, whatever is spoken. */
  readonly namesFixed?: boolean;
}

/** What a request says of the server that it goes to. */
export interface NamedServer {
  readonly serverName: string;
  /** Its certificate must be for that name. */
  readonly certificate: boolean;
}

/** How to secure a connection; follows the rotation of its secrets. */
export class ClientTls {
  readonly #watch: TlsMaterialWatch;
  readonly #peers = new OpenPeers();
  /** Of new connections; undefined until every secret came. */
  current: SecureDialling | undefined;
  /** Every secret came, or does not come for now. */
  settled = false;

  /** The certificates that it shows, and those that it trusts; undefined until every secret came. */
  get material(): TlsMaterial | undefined {
    return this.#watch.current;
  }

  /** Calls `onReady` when the secrets are settled, within this call or later, and again at every rotation. */
  constructor(context: UpstreamTlsContext, watchSecret: WatchSecret, onReady: () => void) {
    refuseTlsFields(UpstreamTlsContextSchema, UPSTREAM_TLS_FIELDS, context);
    const settle = () => {
      this.settled = true;
      onReady();
    };
    const rotate = (material: TlsMaterial) => {
      // Sessions of before were begun with other secrets, or verified by other rules: they are not taken up.
      const sessions = new SessionStore(context.maxSessionKeys ?? 1);
      this.current = secureDialling(context, material, sessions, this.#peers);
      if (material.revocations.any) this.#peers.close((der) => material.revocations.has(der));
      settle();
    };
    this.#watch = watchTlsMaterial(context.commonTlsContext, watchSecret, rotate, settle);
  }

  /** For a server by the name that a request says; a name that is configured counts before it. */
  named({ serverName, certificate }: NamedServer): SecureDialling | undefined {
    const { current } = this;
    if (!current || current.options.serverName !== undefined) return current;
    const { options } = current;
    const verifyPeer: ClientTlsOptions['verifyPeer'] = (info, issuers) =>
      options.verifyPeer?.(info, issuers) ??
      (certificate ? refuseServer(info, { sanMatchers: matchersOf(serverName), pins: NO_PINS }) : undefined);
    return { ...current, options: { ...options, serverName, verifyPeer } };
  }

  /** Connections that go on are followed to their end. */
  close(): void {
    this.#peers.onceEmpty(() => this.#watch.close());
  }
}

function secureDialling(
  context: UpstreamTlsContext,
  material: TlsMaterial,
  sessions: SessionStore,
  peers: PeerRegister,
): SecureDialling {
  const alpnProtocols = context.commonTlsContext?.alpnProtocols ?? [];
  const chain = material.keyPairs[0]?.certificateChain;
  return {
    kind: 'tls',
    localUris: chain ? uriSans(new X509Certificate(chain).raw) : [],
    options: { ...clientOptions(context, material), sessions, alpnProtocols, peers },
    authenticated: material.keyPairs.length > 0,
  };
}

function clientOptions(context: UpstreamTlsContext, material: TlsMaterial): Omit<ClientTlsOptions, 'alpnProtocols'> {
  const common = context.commonTlsContext;
  const keyPairs = withIssuers(material);
  return {
    secureContext: createSecureContext({
      ...tlsParams(common?.tlsParams),
      cert: keyPairs.map((pair) => pair.certificateChain),
      key: keyPairs.map((pair) => pair.key),
      // An empty list, not Node's own roots, where none are configured.
      ca: material.trustedCa ?? [],
      ...revocationLists(material),
    }),
    serverName: context.sni || undefined,
    verifyChain: material.trustedCa !== undefined,
    verifyPeer: (info, issuers) => refuseServer(info, material, issuers),
  };
}

/** A certificate for this name. */
function matchersOf(serverName: string): readonly SanMatcher[] {
  const exact = { matchPattern: { case: 'exact', value: serverName } } as const;
  return compileSanMatchers(create(CertificateValidationContextSchema, { matchSubjectAltNames: [exact] }));
}

function refuseServer(info: TlsInfo, rules: PeerRules, issuers?: PeerIssuers): string | undefined {
  if (info.peerCertificate) return judgePeer(info.peerCertificate, rules, info.resumed ? undefined : issuers)?.reason;
  return rules.sanMatchers.length > 0 ? 'the server sent no certificate' : undefined;
}
