// Whether a VirtualService stands for a route of the Gateway API, which reads some words differently.
import type { LocatedResource } from '@meltemi/config';

/** Set by who makes rules of the Gateway API. */
const SEMANTICS = 'internal.istio.io/route-semantics';

export function isGatewayRoute({ metadata }: LocatedResource): boolean {
  return metadata.annotations[SEMANTICS] === 'gateway';
}
