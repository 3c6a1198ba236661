// Turns a route's CORS policy into header values.
// https://istio.io/latest/docs/reference/config/networking/virtual-service/#CorsPolicy
import { parseDuration } from '@meltemi/base';
import type { CorsPolicy } from '@meltemi/config';
import type { CorsInput, StringMatchInput } from './route-input.ts';
import { stringMatchInput } from './route-match-inputs.ts';

export function corsInput(policy: CorsPolicy): CorsInput {
  return {
    allowOrigins: policy.allowOrigins ? policy.allowOrigins.map(stringMatchInput) : oldOrigins(policy.allowOrigin),
    allowMethods: (policy.allowMethods ?? []).join(','),
    allowHeaders: (policy.allowHeaders ?? []).join(','),
    exposeHeaders: (policy.exposeHeaders ?? []).join(','),
    maxAge: policy.maxAge === undefined ? '' : String(Math.trunc((parseDuration(policy.maxAge) ?? 0) / 1000)),
    allowCredentials: policy.allowCredentials,
    forwardUnmatched: policy.unmatchedPreflights !== 'IGNORE',
  };
}

/** The older list of plain origins, in which `*` means any. */
function oldOrigins(origins: readonly string[] = []): StringMatchInput[] {
  return origins.map((origin) => (origin === '*' ? { kind: 'regex', value: '.*' } : { kind: 'exact', value: origin }));
}
