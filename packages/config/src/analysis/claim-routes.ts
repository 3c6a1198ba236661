// VirtualServices at gateways that route by claims of tokens which nobody there looks at.
import { type Problem, selects } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { Gateway } from '../model/gateway.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import { CODE } from '../problem-code.ts';
import { picked, type Workload } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { findingAt, fullName, namedFrom } from './finding.ts';
import { rootNamespace } from './mesh-defaults.ts';

/** https://istio.io/latest/docs/tasks/security/authentication/jwt-route/ */
const CLAIM = /^@request\.auth\.claims(\..+|\[.+\])$/i;

export function analyzeClaimRoutes(subject: Subject): Problem[] {
  const gateways = new Map(subject.view.objects('Gateway').map((gateway) => [fullName(gateway), gateway]));
  return subject.view.objects('VirtualService').flatMap((resource) => {
    const claim = firstClaim(resource.spec);
    if (!claim) return [];
    return (resource.spec.gateways ?? []).flatMap((written) => {
      const gateway = gateways.get(namedFrom(resource, written));
      return gateway ? unauthenticated(resource, claim, gateway, subject) : [];
    });
  });
}

interface Claim {
  readonly name: string;
  readonly path: string;
}

function firstClaim({ http = [] }: VirtualService): Claim | undefined {
  for (const [route, { match = [] }] of http.entries()) {
    for (const [index, one] of match.entries()) {
      for (const field of ['headers', 'withoutHeaders'] as const) {
        const name = Object.keys(one[field] ?? {}).find((header) => CLAIM.test(header));
        if (name) return { name, path: `spec.http[${route}].match[${index}].${field}` };
      }
    }
  }
  return undefined;
}

function unauthenticated(
  resource: LocatedResource<VirtualService>,
  { name, path }: Claim,
  gateway: LocatedResource<Gateway>,
  subject: Subject,
): Problem[] {
  const selected = picked(subject.world.workloads, gateway.spec.selector ?? {}, undefined);
  return selected
    .filter((workload) => !isAuthenticated(workload, subject))
    .map((workload) => {
      const message = `routes by ${name}, but no RequestAuthentication is for ${fullName(workload.resource)}, where ${fullName(gateway)} is served`;
      return findingAt(resource, path, { code: CODE.unauthenticatedClaims, message });
    });
}

function isAuthenticated({ namespace, labels }: Workload, { view, mesh }: Subject): boolean {
  return view.objects('RequestAuthentication').some(({ metadata, spec }) => {
    const isNear = metadata.namespace === namespace || metadata.namespace === rootNamespace(mesh);
    return isNear && selects(spec.selector?.matchLabels ?? {}, labels);
  });
}
