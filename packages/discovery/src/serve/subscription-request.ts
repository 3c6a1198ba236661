// Reads discovery requests of both variants into one shape.
import { xdsTypeOf } from '@meltemi/api';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { SERVED_TYPES, type ServedType } from '../resources.ts';
import type { SubscriptionRequest } from './subscriber.ts';

/** Undefined for a type that is not served. */
export function sotwRequest(request: DiscoveryRequest): SubscriptionRequest | undefined {
  const type = servedType(request.typeUrl);
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
  const type = servedType(request.typeUrl);
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

function servedType(typeUrl: string): ServedType | undefined {
  const type = xdsTypeOf(typeUrl);
  return SERVED_TYPES.find((served) => served === type);
}
