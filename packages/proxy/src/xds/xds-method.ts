// Names the gRPC methods by which each kind of source is asked, in both forms of the protocol.
import { AggregatedDiscoveryService } from '@meltemi/api/envoy/service/discovery/v3/ads_pb';
import { SecretDiscoveryService } from '@meltemi/api/envoy/service/secret/v3/sds_pb';
import { grpcService } from '@meltemi/rpc';
import type { ServiceDefinition } from '@grpc/grpc-js';

/** `ads`: all types on one stream. `sds`: secrets alone. */
export type XdsService = 'ads' | 'sds';
/** State of the world, or incremental. */
export type XdsForm = 'sotw' | 'delta';

export const XDS_SERVICES: Readonly<
  Record<XdsService, { readonly definition: ServiceDefinition; readonly methods: Readonly<Record<XdsForm, string>> }>
> = {
  ads: {
    definition: grpcService(AggregatedDiscoveryService),
    methods: { sotw: 'StreamAggregatedResources', delta: 'DeltaAggregatedResources' },
  },
  sds: {
    definition: grpcService(SecretDiscoveryService),
    methods: { sotw: 'StreamSecrets', delta: 'DeltaSecrets' },
  },
};
