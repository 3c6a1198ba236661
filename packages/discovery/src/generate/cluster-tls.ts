// ClusterTlsInput → how a cluster's connections are secured: all alike, or by what each endpoint says of itself.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import type { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { TransportSocketSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { RawBufferSchema } from '@meltemi/api/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb';
import type { ClusterTlsInput } from '../input/cluster-input.ts';
import { upstreamTls } from './tls-context.ts';

type TlsFields = Pick<MessageInitShape<typeof ClusterSchema>, 'transportSocket' | 'transportSocketMatches'>;

export function clusterTls(input: ClusterTlsInput, http2: boolean): TlsFields {
  const transportSocket = upstreamTls(input, http2);
  if (!transportSocket) return {};
  if (input.kind !== 'mesh-endpoints') return { transportSocket };
  return {
    transportSocketMatches: [
      { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transportSocket },
      { name: 'tlsMode-disabled', match: {}, transportSocket: plaintext() },
    ],
  };
}

function plaintext() {
  return create(TransportSocketSchema, {
    name: 'envoy.transport_sockets.raw_buffer',
    configType: { case: 'typedConfig', value: packAny(RawBufferSchema, create(RawBufferSchema)) },
  });
}
