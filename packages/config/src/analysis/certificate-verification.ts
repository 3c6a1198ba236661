// DestinationRules that encrypt to servers whose certificates nobody verifies.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { ClientTls, DestinationRule } from '../model/destination-rule.ts';
import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { findingAt } from './finding.ts';

type Rule = LocatedResource<DestinationRule>;

export function analyzeCertificateVerification({ view }: Subject): Problem[] {
  return view.objects('DestinationRule').flatMap((resource) => {
    const { tls, portLevelSettings = [] } = resource.spec.trafficPolicy ?? {};
    const whole = { path: 'spec.trafficPolicy.tls', code: CODE.unverifiedServer, at: resource.spec.host };
    return [
      ...unverified(resource, tls, whole),
      ...portLevelSettings.flatMap((port, index) =>
        unverified(resource, port.tls, {
          path: `spec.trafficPolicy.portLevelSettings[${index}].tls`,
          code: CODE.unverifiedServerAtPort,
          at: `${resource.spec.host}:${port.port?.number ?? ''}`,
        }),
      ),
    ];
  });
}

interface Place {
  readonly path: string;
  readonly code: string;
  readonly at: string;
}

function unverified(resource: Rule, tls: ClientTls | undefined, { path, code, at }: Place): Problem[] {
  if (!tls || (tls.mode ?? 'DISABLE') === 'DISABLE' || tls.mode === 'ISTIO_MUTUAL' || tls.caCertificates) return [];
  // A secret holds the authority's certificate too, for the workloads that are told to read it.
  if (tls.credentialName && resource.spec.workloadSelector) return [];
  const message = `with the TLS mode ${tls.mode} and no caCertificates, nobody verifies that the server is ${at}`;
  return [findingAt(resource, path, { code, message })];
}
