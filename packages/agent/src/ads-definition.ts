// The two methods of AggregatedDiscoveryService as grpc-js takes them, carrying bytes.
// Written out, because the generated service brings some 100 ms of message types that nobody here reads.
import type { ServiceDefinition } from '@grpc/grpc-js';

export type AdsMethod = 'StreamAggregatedResources' | 'DeltaAggregatedResources';

export const ADS_METHODS: readonly AdsMethod[] = ['StreamAggregatedResources', 'DeltaAggregatedResources'];

export const ADS_DEFINITION: ServiceDefinition = Object.fromEntries(
  ADS_METHODS.map((method) => [
    method,
    {
      path: `/envoy.service.discovery.v3.AggregatedDiscoveryService/${method}`,
      requestStream: true,
      responseStream: true,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  ]),
);

function same(bytes: Buffer): Buffer {
  return bytes;
}
