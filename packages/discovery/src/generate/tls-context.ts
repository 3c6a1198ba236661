// Writes the TLS of clusters and listeners: the mesh's own mutual TLS by SDS, and plain TLS by files.
import { isIP } from 'node:net';
import { create } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { type TransportSocket, TransportSocketSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification,
  CertificateValidationContextSchema,
  type SubjectAltNameMatcher,
  SubjectAltNameMatcher_SanType,
  SubjectAltNameMatcherSchema,
  TlsParameters_TlsProtocol,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import {
  type SdsSecretConfig,
  SdsSecretConfigSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import {
  type CommonTlsContext,
  CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { ClusterTlsInput } from '../input/cluster-input.ts';
import type { PeerCertificates, ServerTlsInput } from '../input/listener-input.ts';
import { adsSecretSource, agentSource } from './config-source.ts';
import { tlsParameters } from './tls-parameters.ts';

const TLS = 'envoy.transport_sockets.tls';
/** Istio's protocol names: a peer that says them is a sidecar. */
const MESH_CLIENT_ALPN = ['istio-http/1.1', 'istio'];
const MESH_CLIENT_ALPN_H2 = ['istio-h2', 'istio', 'h2'];
/** A server takes the first of its own that the client offers; only `h2` tells Envoy to speak HTTP/2. */
const MESH_SERVER_ALPN = ['h2', 'istio-http/1.1', 'istio', 'http/1.1'];

/** Whatever a proxy of the mesh connects to. */
const MESH_PROTOCOLS = {
  tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2,
  tlsMaximumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_3,
};
/** Of TLS 1.2; Istio's choice. */
const MESH_CIPHERS = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
];

/** The transport socket of a cluster; undefined for plaintext. */
export function upstreamTls(input: ClusterTlsInput, http2: boolean): TransportSocket | undefined {
  switch (input.kind) {
    case 'none':
      return undefined;
    case 'mesh':
    case 'mesh-endpoints':
      return upstream(input.sni, {
        ...meshContext(input.subjectAltNames.map((name) => uriName('exact', name))),
        tlsParams: MESH_PROTOCOLS,
        alpnProtocols: http2 ? MESH_CLIENT_ALPN_H2 : MESH_CLIENT_ALPN,
      });
    case 'simple':
      return upstream(input.sni, simpleContext(input, http2));
  }
}

/** The transport socket of a listener's chain. */
export function serverTls(input: ServerTlsInput): TransportSocket {
  switch (input.kind) {
    case 'mesh':
      return meshServerTls(input);
    case 'files':
      return fileTls(input);
    case 'secrets':
      return secretTls(input);
  }
}

/** Requires a certificate of the mesh. */
function meshServerTls({ trustDomains, limits }: Extract<ServerTlsInput, { kind: 'mesh' }>): TransportSocket {
  const commonTlsContext = create(CommonTlsContextSchema, {
    ...meshContext(trustDomains.map((name) => uriName('prefix', `spiffe://${name}/`))),
    tlsParams: { ...MESH_PROTOCOLS, cipherSuites: MESH_CIPHERS, ...tlsParameters(limits) },
    alpnProtocols: MESH_SERVER_ALPN,
  });
  return downstream(commonTlsContext, true);
}

/** A certificate of our own, from files. */
function fileTls(input: Extract<ServerTlsInput, { kind: 'files' }>): TransportSocket {
  const commonTlsContext = create(CommonTlsContextSchema, {
    tlsParams: { tlsMinimumProtocolVersion: TlsParameters_TlsProtocol.TLSv1_2, ...tlsParameters(input.limits) },
    tlsCertificates: input.keyPairs.map(({ certificate, privateKey }) => ({
      certificateChain: file(certificate),
      privateKey: file(privateKey),
    })),
    ...(input.mode !== 'SIMPLE' && {
      validationContextType: {
        case: 'validationContext',
        value: { ...trustedFile(input.caCertificates), ...peerCertificates(input.peers) },
      },
    }),
    alpnProtocols: ['h2', 'http/1.1'],
  });
  return downstream(commonTlsContext, input.mode === 'MUTUAL');
}

/** A certificate of our own, by its name. */
function secretTls(input: Extract<ServerTlsInput, { kind: 'secrets' }>): TransportSocket {
  const sdsConfig = input.from === 'agent' ? agentSource() : adsSecretSource();
  const secret = (name: string) => create(SdsSecretConfigSchema, { name, sdsConfig });
  const commonTlsContext = create(CommonTlsContextSchema, {
    ...(input.limits && { tlsParams: tlsParameters(input.limits) }),
    tlsCertificateSdsSecretConfigs: input.keyPairs.map(secret),
    ...(input.mode !== 'SIMPLE' && {
      validationContextType: {
        case: 'combinedValidationContext',
        value: {
          defaultValidationContext: peerCertificates(input.peers),
          validationContextSdsSecretConfig: secret(input.roots),
        },
      },
    }),
    alpnProtocols: ['h2', 'http/1.1'],
  });
  return downstream(commonTlsContext, input.mode === 'MUTUAL');
}

/** Whatever kind of name it is in. */
function peerCertificates(peers: PeerCertificates | undefined) {
  if (!peers) return {};
  const { subjectAltNames, hashes, publicKeys, revoked, unsigned } = peers;
  return {
    matchTypedSubjectAltNames: subjectAltNames.flatMap(exactNames),
    verifyCertificateHash: [...hashes],
    verifyCertificateSpki: [...publicKeys],
    ...(revoked !== '' && { crl: file(revoked) }),
    ...(unsigned && { trustChainVerification: CertificateValidationContext_TrustChainVerification.ACCEPT_UNTRUSTED }),
  };
}

function exactNames(value: string): SubjectAltNameMatcher[] {
  const { DNS, URI, IP_ADDRESS } = SubjectAltNameMatcher_SanType;
  return [DNS, URI, ...(isIP(value) === 0 ? [] : [IP_ADDRESS])].map((sanType) =>
    create(SubjectAltNameMatcherSchema, { sanType, matcher: { matchPattern: { case: 'exact', value } } }),
  );
}

function upstream(sni: string, common: Parameters<typeof create<typeof CommonTlsContextSchema>>[1]): TransportSocket {
  const context = create(UpstreamTlsContextSchema, { sni, commonTlsContext: create(CommonTlsContextSchema, common) });
  return create(TransportSocketSchema, {
    name: TLS,
    configType: { case: 'typedConfig', value: packAny(UpstreamTlsContextSchema, context) },
  });
}

function downstream(commonTlsContext: CommonTlsContext, requireClientCertificate: boolean): TransportSocket {
  const context = create(DownstreamTlsContextSchema, { requireClientCertificate, commonTlsContext });
  return create(TransportSocketSchema, {
    name: TLS,
    configType: { case: 'typedConfig', value: packAny(DownstreamTlsContextSchema, context) },
  });
}

/** Our key pair `default` and the mesh's roots `ROOTCA`, and who the peer must be. */
function meshContext(peers: readonly SubjectAltNameMatcher[]) {
  return {
    tlsCertificateSdsSecretConfigs: [agentSecret('default')],
    validationContextType: {
      case: 'combinedValidationContext' as const,
      value: {
        defaultValidationContext: { matchTypedSubjectAltNames: [...peers] },
        validationContextSdsSecretConfig: agentSecret('ROOTCA'),
      },
    },
  };
}

function simpleContext(input: Extract<ClusterTlsInput, { kind: 'simple' }>, http2: boolean) {
  const names = input.subjectAltNames.map((name) =>
    create(SubjectAltNameMatcherSchema, {
      sanType: SubjectAltNameMatcher_SanType.DNS,
      matcher: { matchPattern: { case: 'exact', value: name } },
    }),
  );
  return {
    tlsParams: { ...MESH_PROTOCOLS, ...tlsParameters(input.limits) },
    alpnProtocols: http2 ? ['h2'] : ['http/1.1'],
    ...(input.clientCertificate && {
      tlsCertificates: [{ certificateChain: file(input.clientCertificate), privateKey: file(input.privateKey) }],
    }),
    ...(input.caCertificates && {
      validationContextType: {
        case: 'validationContext' as const,
        value: { ...trustedFile(input.caCertificates), matchTypedSubjectAltNames: names },
      },
    }),
  };
}

function agentSecret(name: string): SdsSecretConfig {
  return create(SdsSecretConfigSchema, { name, sdsConfig: agentSource() });
}

function uriName(kind: 'exact' | 'prefix', value: string): SubjectAltNameMatcher {
  return create(SubjectAltNameMatcherSchema, {
    sanType: SubjectAltNameMatcher_SanType.URI,
    matcher: { matchPattern: { case: kind, value } },
  });
}

function trustedFile(path: string): CertificateValidationContext {
  return create(CertificateValidationContextSchema, { trustedCa: file(path) });
}

function file(path: string) {
  return { specifier: { case: 'filename' as const, value: path } };
}
