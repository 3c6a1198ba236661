// Turns the network filters of a cluster into what its connections do; there is one that they can.
import { fromBinary } from '@bufbuild/protobuf';
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { MetadataExchangeSchema } from '@meltemi/api/envoy/tcp/metadataexchange/config/metadata_exchange_pb';
import { plainAny, typeOf } from '../../bootstrap/typed-struct.ts';
import { xdsRegistry } from '../../xds/registry.ts';
import { ClusterConfigError } from './cluster-config-error.ts';

/**
 * The ALPN protocol by which a TCP upstream agrees to Istio's metadata exchange; undefined: none does. Throws
 * ClusterConfigError for any other filter.
 */
export function peerExchangeProtocol({ filters }: Cluster): string | undefined {
  let protocol: string | undefined;
  for (const { name, typedConfig } of filters) {
    const type = typeOf(typedConfig);
    if (!typedConfig || type !== MetadataExchangeSchema.typeName) {
      throw new ClusterConfigError('UNSUPPORTED_FIELD', `filter ${name}: unknown type ${type || 'without a config'}`);
    }
    protocol = fromBinary(MetadataExchangeSchema, plainAny(typedConfig, xdsRegistry).value).protocol;
  }
  return protocol;
}
