// TokenRuleInput[] → the filter that verifies tokens: a bad one is refused, no token at all is for others to judge.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import {
  JwtAuthenticationSchema,
  type JwtProvider,
  JwtProviderSchema,
  type JwtRequirement,
  JwtRequirementSchema,
} from '@meltemi/api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { TokenRuleInput } from '../input/token-rules.ts';

const FILTER = 'envoy.filters.http.jwt_authn';
/** Where AuthorizationPolicies find what a token claims. */
const PAYLOAD = 'payload';

/** `clearRouteCache`: what a token claims may choose another route. No filter where nobody's tokens are read. */
export function jwtFilter(rules: readonly TokenRuleInput[], clearRouteCache: boolean): HttpFilter[] {
  if (rules.length === 0) return [];
  const providers = rules.map((rule, index) => [`origins-${index}`, provider(rule, clearRouteCache)] as const);
  const config = create(JwtAuthenticationSchema, {
    providers: Object.fromEntries(providers),
    rules: [
      {
        match: { pathSpecifier: { case: 'prefix', value: '/' } },
        requirementType: { case: 'requires', value: requirement(providers.map(([name]) => name)) },
      },
    ],
    bypassCorsPreflight: true,
  });
  const value = packAny(JwtAuthenticationSchema, config);
  return [create(HttpFilterSchema, { name: FILTER, configType: { case: 'typedConfig', value } })];
}

function provider(rule: TokenRuleInput, clearRouteCache: boolean): JwtProvider {
  return create(JwtProviderSchema, {
    issuer: rule.issuer,
    audiences: [...rule.audiences],
    forward: rule.forward,
    forwardPayloadHeader: rule.payloadHeader,
    fromHeaders: rule.fromHeaders.map(({ name, prefix }) => ({ name, valuePrefix: prefix })),
    fromParams: [...rule.fromParams],
    fromCookies: [...rule.fromCookies],
    claimToHeaders: rule.claimHeaders.map(({ header, claim }) => ({ headerName: header, claimName: claim })),
    payloadInMetadata: PAYLOAD,
    normalizePayloadInMetadata: { spaceDelimitedClaims: [...rule.spaceDelimitedClaims] },
    jwksSourceSpecifier: {
      case: 'localJwks',
      value: { specifier: { case: 'inlineString', value: rule.keys } },
    },
    clearRouteCache,
  });
}

/**
 * One issuer: its token, or none. Several: a token of one of them, or each alone content with its token or none.
 * The first half is for issuers whose tokens stand in the same place: there each refuses the others' tokens.
 */
function requirement(names: readonly string[]): JwtRequirement {
  const tokens = names.map((name) => required({ case: 'providerName', value: name }));
  const missing = required({ case: 'allowMissing', value: {} });
  const each = tokens.map((token) => required({ case: 'requiresAny', value: { requirements: [token, missing] } }));
  if (each.length === 1) return each[0]!;
  const all = required({ case: 'requiresAll', value: { requirements: each } });
  return required({ case: 'requiresAny', value: { requirements: [...tokens, all] } });
}

function required(requiresType: MessageInitShape<typeof JwtRequirementSchema>['requiresType']): JwtRequirement {
  return create(JwtRequirementSchema, { requiresType });
}
