// Objects of config.istio.io/v1alpha2 and Ingresses → documents of networking.istio.io/v1alpha3, as Istio 0.8 wrote them.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../../located-resource.ts';
import type { IngressSpec } from '../../model/kubernetes.ts';
import type { EgressRule } from '../../model/egress-rule.ts';
import type { DestinationPolicy, RouteRule } from '../../model/route-rule.ts';
import { destinationRulesOf } from './destination-rules.ts';
import type { V1alpha3Document } from './document.ts';
import { documentsOfIngresses } from './ingresses.ts';
import { serviceEntryOf } from './service-entry.ts';
import { virtualServicesOfRules } from './virtual-services.ts';

/** What `istioctl experimental convert-networking-config` of 0.8 printed, in its order. Objects of other kinds are passed over. */
export function convertDocuments(resources: readonly LocatedResource[]): {
  readonly documents: readonly V1alpha3Document[];
  readonly problems: readonly Problem[];
} {
  const rules = ofKind<RouteRule>(resources, 'RouteRule');
  const { ofPolicies, ofRoutes } = destinationRulesOf(ofKind<DestinationPolicy>(resources, 'DestinationPolicy'), rules);
  const virtualServices = virtualServicesOfRules(rules);
  const documents = [
    ...ofPolicies,
    ...virtualServices.documents,
    ...ofKind<EgressRule>(resources, 'EgressRule').map(serviceEntryOf),
    ...documentsOfIngresses(ofKind<IngressSpec>(resources, 'Ingress').filter(isForIstio)),
    ...ofRoutes,
  ];
  return { documents, problems: virtualServices.problems };
}

function ofKind<Spec>(resources: readonly LocatedResource[], kind: string): readonly LocatedResource<Spec>[] {
  return resources.filter((resource) => resource.kind === kind) as readonly LocatedResource<Spec>[];
}

/** One that names no class may be for Istio. */
function isForIstio({ metadata, spec }: LocatedResource<IngressSpec>): boolean {
  const name = spec.ingressClassName ?? metadata.annotations['kubernetes.io/ingress.class'] ?? 'istio';
  return name === 'istio';
}
