// RequestAuthentication: whose tokens workloads accept. https://istio.io/latest/docs/reference/config/security/request_authentication/
import { CODE } from '../problem-code.ts';
import { type Finding, flag, list, message, text, texts } from '../schema.ts';
import { duration, nonEmpty } from '../text-check.ts';
import { type PolicyTarget, policyTarget, selector, TARGETING, type WorkloadSelector } from './selector.ts';

export interface RequestAuthentication {
  readonly selector?: WorkloadSelector;
  readonly targetRef?: PolicyTarget;
  readonly targetRefs?: readonly PolicyTarget[];
  readonly jwtRules?: readonly JwtRule[];
}

/** Keys come from `jwks` (inline) or `jwksUri`; without both, from the issuer's OpenID configuration. */
export interface JwtRule {
  readonly issuer?: string;
  readonly audiences?: readonly string[];
  readonly jwksUri?: string;
  readonly jwks?: string;
  readonly fromHeaders?: readonly { readonly name: string; readonly prefix?: string }[];
  readonly fromParams?: readonly string[];
  readonly fromCookies?: readonly string[];
  readonly outputPayloadToHeader?: string;
  readonly forwardOriginalToken?: boolean;
  readonly outputClaimToHeaders?: readonly { readonly header: string; readonly claim: string }[];
  readonly timeout?: string;
  readonly spaceDelimitedClaims?: readonly string[];
}

const url = text((value) =>
  /^https?:$/.test(URL.parse(value)?.protocol ?? '')
    ? undefined
    : { code: CODE.badValue, message: `${JSON.stringify(value)} is not a URL of http or https` },
);

const jwtRule = message(
  {
    issuer: nonEmpty,
    audiences: list(nonEmpty),
    jwksUri: url,
    jwks: text(),
    fromHeaders: list(message({ name: nonEmpty, prefix: text() }, { required: ['name'] })),
    fromParams: list(nonEmpty),
    fromCookies: list(nonEmpty),
    outputPayloadToHeader: text(),
    forwardOriginalToken: flag,
    outputClaimToHeaders: list(message({ header: nonEmpty, claim: nonEmpty }, { required: ['header', 'claim'] })),
    timeout: duration,
    spaceDelimitedClaims: texts,
  },
  { oneOf: [['jwks', 'jwksUri']], check: checkJwks },
);

export const requestAuthenticationSchema = message(
  { selector, targetRef: policyTarget, targetRefs: list(policyTarget), jwtRules: list(jwtRule) },
  { oneOf: [TARGETING] },
);

/** https://www.rfc-editor.org/rfc/rfc7517#section-5 */
function checkJwks({ issuer, jwks }: JwtRule): Finding[] {
  const nameless: Finding[] =
    issuer === undefined ? [{ path: [], code: CODE.missing, message: 'a rule needs the field "issuer"' }] : [];
  if (jwks === undefined) return nameless;
  try {
    if (Array.isArray((JSON.parse(jwks) as { readonly keys?: unknown } | null)?.keys)) return nameless;
  } catch {
    // Not even JSON: said below.
  }
  return [...nameless, { path: ['jwks'], code: CODE.badValue, message: 'this is not a JSON Web Key Set' }];
}
