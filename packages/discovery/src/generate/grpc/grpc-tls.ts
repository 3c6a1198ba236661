// Writes TLS for gRPC libraries, whose keys come from the certificate provider `default` of their bootstrap.
// https://github.com/grpc/proposal/blob/master/A29-xds-tls-security.md
import { create } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { type TransportSocket, TransportSocketSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import {
  type CommonTlsContext,
  CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/tls_pb';

const TLS = 'envoy.transport_sockets.tls';
const KEY_PAIR = { instanceName: 'default', certificateName: 'default' };
const ROOTS = { instanceName: 'default', certificateName: 'ROOTCA' };

export function grpcClientTls(peers: readonly string[]): TransportSocket {
  const context = create(UpstreamTlsContextSchema, { commonTlsContext: commonContext(peers) });
  return create(TransportSocketSchema, {
    name: TLS,
    configType: { case: 'typedConfig', value: packAny(UpstreamTlsContextSchema, context) },
  });
}

export function grpcServerTls(): TransportSocket {
  const context = create(DownstreamTlsContextSchema, {
    commonTlsContext: commonContext([]),
    requireClientCertificate: true,
  });
  return create(TransportSocketSchema, {
    name: TLS,
    configType: { case: 'typedConfig', value: packAny(DownstreamTlsContextSchema, context) },
  });
}

/** Older libraries read the older fields. */
function commonContext(peers: readonly string[]): CommonTlsContext {
  return create(CommonTlsContextSchema, {
    tlsCertificateProviderInstance: KEY_PAIR,
    tlsCertificateCertificateProviderInstance: KEY_PAIR,
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        validationContextCertificateProviderInstance: ROOTS,
        defaultValidationContext: {
          caCertificateProviderInstance: ROOTS,
          matchSubjectAltNames: peers.map((value) => ({ matchPattern: { case: 'exact' as const, value } })),
        },
      },
    },
  });
}
