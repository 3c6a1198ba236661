// Turns an UpstreamTlsContext and the secrets of now into the options of a client handshake.
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import {
  type UpstreamTlsContext,
  UpstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { ClientTlsOptions, TlsInfo } from '@meltemi/wire';
import { create } from '@bufbuild/protobuf';
import { CertificateValidationContextSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { withIssuers } from '../../tls/issued-chain.ts';
import { refusePeer, type SanMatcher, uriSans } from '../../tls/peer-certificate.ts';
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
      this.current = secureDialling(context, material, sessions);
      settle();
    };
    this.#watch = watchTlsMaterial(context.commonTlsContext, watchSecret, rotate, settle);
  }

  /** For a server by the name that a request says; a name that is configured counts before it. */
  named({ serverName, certificate }: NamedServer): SecureDialling | undefined {
    const { current } = this;
    if (!current || current.options.serverName !== undefined) return current;
    const { options } = current;
    const verifyPeer: ClientTlsOptions['verifyPeer'] = (info) =>
      options.verifyPeer?.(info) ?? (certificate ? refuseServer(info, matchersOf(serverName)) : undefined);
    return { ...current, options: { ...options, serverName, verifyPeer } };
  }

  close(): void {
    this.#watch.close();
  }
}

function secureDialling(context: UpstreamTlsContext, material: TlsMaterial, sessions: SessionStore): SecureDialling {
  const alpnProtocols = context.commonTlsContext?.alpnProtocols ?? [];
  const chain = material.keyPairs[0]?.certificateChain;
  return {
    kind: 'tls',
    localUris: chain ? uriSans(new X509Certificate(chain).raw) : [],
    options: { ...clientOptions(context, material), sessions, alpnProtocols },
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
    }),
    serverName: context.sni || undefined,
    verifyChain: material.trustedCa !== undefined,
    verifyPeer: (info) => refuseServer(info, material.sanMatchers),
  };
}

/** A certificate for this name. */
function matchersOf(serverName: string): readonly SanMatcher[] {
  const exact = { matchPattern: { case: 'exact', value: serverName } } as const;
  return compileSanMatchers(create(CertificateValidationContextSchema, { matchSubjectAltNames: [exact] }));
}

function refuseServer(info: TlsInfo, matchers: readonly SanMatcher[]): string | undefined {
  if (info.peerCertificate) return refusePeer(info.peerCertificate, matchers);
  return matchers.length > 0 ? 'the server sent no certificate' : undefined;
}
