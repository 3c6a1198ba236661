// Reads discovery requests of both variants into one shape.
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { servedTypeOf } from '../resources.ts';
import type { SubscriptionRequest } from './subscriber.ts';

/** Undefined for a type that is not served. */
export function sotwRequest(request: DiscoveryRequest): SubscriptionRequest | undefined {
  const type = servedTypeOf(request.typeUrl);
  if (!type) return undefined;
  return {
    type,
    nonce: request.responseNonce,
    error: request.errorDetail?.message,
    change: { kind: 'names', names: request.resourceNames },
  };
}

/** Undefined for a type that is not served. */
export function deltaRequest(request: DeltaDiscoveryRequest): SubscriptionRequest | undefined {
  const type = servedTypeOf(request.typeUrl);
  if (!type) return undefined;
  return {
    type,
    nonce: request.responseNonce,
    error: request.errorDetail?.message,
    change: {
      kind: 'delta',
      subscribe: request.resourceNamesSubscribe,
      unsubscribe: request.resourceNamesUnsubscribe,
    },
    initialVersions: request.initialResourceVersions,
  };
}
