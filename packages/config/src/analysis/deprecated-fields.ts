// Fields that Istio keeps for old objects only.
import type { Problem } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { findingAt } from './finding.ts';

export function analyzeDeprecatedFields({ view }: Subject): Problem[] {
  const delays = view.objects('VirtualService').flatMap((resource) =>
    (resource.spec.http ?? []).flatMap(({ fault }, index) => {
      if (!fault?.delay?.percent) return [];
      const message = '"percent" is deprecated: use "percentage"';
      return [findingAt(resource, `spec.http[${index}].fault.delay.percent`, { code: CODE.deprecated, message })];
    }),
  );
  const proxies = view.objects('Sidecar').flatMap((resource) => {
    if (!resource.spec.outboundTrafficPolicy?.egressProxy) return [];
    const message = '"egressProxy" is ignored';
    return [findingAt(resource, 'spec.outboundTrafficPolicy.egressProxy', { code: CODE.deprecated, message })];
  });
  return [...delays, ...proxies];
}
