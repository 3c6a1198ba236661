// A control plane that fetches key sets from wherever RequestAuthentications say.
import type { Problem } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { enumerate, findingAt, fullName } from './finding.ts';

const VARIABLE = 'BLOCKED_CIDRS_IN_JWKS_URIS';

export function analyzeKeySetNetworks({ view }: Subject): Problem[] {
  const names = view.objects('RequestAuthentication').map(fullName);
  if (names.length === 0) return [];
  return view
    .objects('Deployment')
    .filter(({ metadata }) => metadata.labels['app'] === 'istiod')
    .filter(({ spec }) => !spec.template.spec.containers.some(({ env = [] }) => env.some(isSet)))
    .map((resource) => {
      const message = `it fetches the key sets of ${enumerate(names)} from any network: set ${VARIABLE}`;
      return findingAt(resource, 'spec.template.spec.containers', { code: CODE.unguardedKeySets, message });
    });
}

function isSet({ name, value }: { readonly name: string; readonly value?: string }): boolean {
  return name === VARIABLE && Boolean(value);
}
