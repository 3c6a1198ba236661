// A VirtualService → every place where it sends requests, copies of requests and connections.
import type { Destination } from '../model/destination.ts';
import type { VirtualService } from '../model/virtual-service.ts';

export interface PlacedDestination {
  readonly destination: Destination;
  readonly path: string;
}

export function destinationsOf(spec: VirtualService): readonly PlacedDestination[] {
  const http = (spec.http ?? []).flatMap((route, index): PlacedDestination[] => [
    ...placed(route.route, `spec.http[${index}].route`),
    ...(route.mirror ? [{ destination: route.mirror, path: `spec.http[${index}].mirror` }] : []),
    ...placed(route.mirrors, `spec.http[${index}].mirrors`),
  ]);
  const tcp = (spec.tcp ?? []).flatMap(({ route }, index) => placed(route, `spec.tcp[${index}].route`));
  const tls = (spec.tls ?? []).flatMap(({ route }, index) => placed(route, `spec.tls[${index}].route`));
  return [...http, ...tcp, ...tls];
}

function placed(
  routes: readonly { readonly destination: Destination }[] | undefined,
  base: string,
): PlacedDestination[] {
  return (routes ?? []).map(({ destination }, index) => ({ destination, path: `${base}[${index}].destination` }));
}
