// Turns an UpstreamTlsContext and the secrets of now into the options of a client handshake.
import { createSecureContext } from 'node:tls';
import type { UpstreamTlsContext } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { ClientTlsOptions, TlsInfo } from '@meltemi/wire';
import { refusePeer, type SanMatcher } from '../../tls/peer-certificate.ts';
import { type TlsMaterial, type TlsMaterialWatch, type WatchSecret, watchTlsMaterial } from '../../tls/tls-material.ts';
import { tlsParams } from '../../tls/tls-params.ts';

export interface SecureDialling {
  readonly kind: 'tls';
  readonly options: ClientTlsOptions;
  /** For a connection that speaks HTTP/2. */
  readonly http2Options: ClientTlsOptions;
}

/** How to secure a connection; follows the rotation of its secrets. */
export class ClientTls {
  readonly #watch: TlsMaterialWatch;
  /** Of new connections; undefined until every secret came. */
  current: SecureDialling | undefined;

  /** Calls `onReady` when the secrets are whole, within this call or later, and again at every rotation. */
  constructor(context: UpstreamTlsContext, watchSecret: WatchSecret, onReady: () => void) {
    this.#watch = watchTlsMaterial(context.commonTlsContext, watchSecret, (material) => {
      this.current = secureDialling(context, material);
      onReady();
    });
  }

  close(): void {
    this.#watch.close();
  }
}

function secureDialling(context: UpstreamTlsContext, material: TlsMaterial): SecureDialling {
  const offered = context.commonTlsContext?.alpnProtocols ?? [];
  const options = clientOptions(context, material);
  return {
    kind: 'tls',
    // Where HTTP/1.1 is spoken, offering h2 would let the server choose it.
    options: { ...options, alpnProtocols: offered.filter((protocol) => protocol !== 'h2') },
    http2Options: { ...options, alpnProtocols: offered.length > 0 ? offered : ['h2'] },
  };
}

function clientOptions(context: UpstreamTlsContext, material: TlsMaterial): Omit<ClientTlsOptions, 'alpnProtocols'> {
  const common = context.commonTlsContext;
  return {
    secureContext: createSecureContext({
      ...tlsParams(common?.tlsParams),
      cert: material.keyPairs.map((pair) => pair.certificateChain),
      key: material.keyPairs.map((pair) => pair.key),
      // An empty list, not Node's own roots, where none are configured.
      ca: material.trustedCa ?? [],
    }),
    serverName: context.sni || undefined,
    verifyChain: material.trustedCa !== undefined,
    verifyPeer: (info) => refuseServer(info, material.sanMatchers),
  };
}

function refuseServer(info: TlsInfo, matchers: readonly SanMatcher[]): string | undefined {
  if (info.peerCertificate) return refusePeer(info.peerCertificate, matchers);
  return matchers.length > 0 ? 'the server sent no certificate' : undefined;
}
