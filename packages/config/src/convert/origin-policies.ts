// What older kinds say of users' tokens → RequestAuthentications, and AuthorizationPolicies where a token is asked for.
// https://istio.io/v1.0/docs/reference/config/istio.authentication.v1alpha1/
import type { LocatedResource } from '../located-resource.ts';
import type { AuthenticationJwt, AuthenticationPolicy } from '../model/authentication-policy.ts';
import type { AuthorizationPolicy } from '../model/authorization-policy.ts';
import type { JwtRule, RequestAuthentication } from '../model/request-authentication.ts';
import type { WorkloadSelector } from '../model/selector.ts';
import type { AnnotatedService, OldAuthentication, OldPolicy } from './peer-policies.ts';
import { securityPolicy, type SecurityPolicyName } from './security-policy.ts';

export interface OriginPolicies {
  readonly requestAuthentications: readonly LocatedResource<RequestAuthentication>[];
  readonly authorizationPolicies: readonly LocatedResource<AuthorizationPolicy>[];
}

export function originPolicies({ policies, meshPolicies, services }: OldAuthentication): OriginPolicies {
  const scoped = [
    ...policies.flatMap((policy) => scopesOf(policy, services)),
    ...meshPolicies.map((policy) => ({ policy, name: { namespace: '', name: policy.metadata.name }, selector: {} })),
  ].filter(({ policy }) => tokensOf(policy.spec).length > 0);
  return {
    requestAuthentications: scoped.map(({ policy, name, selector }) => {
      const jwtRules = tokensOf(policy.spec).map(jwtRule);
      return securityPolicy('RequestAuthentication', name, { ...selector, jwtRules }, policy);
    }),
    authorizationPolicies: scoped
      .filter(({ policy }) => policy.spec.originIsOptional !== true)
      .map(({ policy, name, selector }) =>
        securityPolicy('AuthorizationPolicy', name, { ...selector, ...tokenRequired(policy.spec) }, policy),
      ),
  };
}

interface Scoped {
  readonly policy: OldPolicy;
  readonly name: SecurityPolicyName;
  readonly selector: { readonly selector?: WorkloadSelector };
}

/** One for each service that the policy names, or one for all of its namespace. */
function scopesOf(policy: OldPolicy, services: readonly AnnotatedService[]): Scoped[] {
  const { namespace, name } = policy.metadata;
  const { targets = [] } = policy.spec;
  if (targets.length === 0) return [{ policy, name: { namespace, name }, selector: {} }];
  return services
    .filter(
      ({ metadata }) => metadata.namespace === namespace && targets.some((target) => target.name === metadata.name),
    )
    .flatMap(({ metadata, spec }): Scoped[] => {
      const matchLabels = spec.selector ?? {};
      if (Object.keys(matchLabels).length === 0) return [];
      return [
        { policy, name: { namespace, name: `${name}-${metadata.name}` }, selector: { selector: { matchLabels } } },
      ];
    });
}

function tokensOf({ origins = [], peers = [] }: AuthenticationPolicy): readonly AuthenticationJwt[] {
  return [...peers, ...origins].map(({ jwt }) => jwt).filter((jwt) => jwt !== undefined);
}

/** The application gets the token, as it did then. */
function jwtRule({ issuer, audiences, jwksUri, jwks, jwtHeaders, jwtParams }: AuthenticationJwt): JwtRule {
  return {
    ...(issuer !== undefined && { issuer }),
    ...(audiences && { audiences }),
    ...(jwksUri !== undefined && { jwksUri }),
    ...(jwks !== undefined && { jwks }),
    ...(jwtHeaders && { fromHeaders: jwtHeaders.map(headerOf) }),
    ...(jwtParams && { fromParams: jwtParams }),
    forwardOriginalToken: true,
  };
}

function headerOf(name: string): { readonly name: string; readonly prefix?: string } {
  return name.toLowerCase() === 'authorization' ? { name, prefix: 'Bearer ' } : { name };
}

/** Whoever has no token of these is refused, on the paths that the issuers' rules name. */
function tokenRequired(policy: AuthenticationPolicy): AuthorizationPolicy {
  const triggers = tokensOf(policy).map(({ triggerRules = [] }) => triggerRules);
  const everywhere = triggers.some((rules) => rules.length === 0);
  const operations = everywhere ? [] : triggers.flat().map(operationOf);
  const anyPath = operations.some((operation) => Object.keys(operation).length === 0);
  return {
    action: 'DENY',
    rules: [
      {
        from: [{ source: { notRequestPrincipals: ['*'] } }],
        ...(operations.length > 0 && !anyPath && { to: operations.map((operation) => ({ operation })) }),
      },
    ],
  };
}

type Trigger = NonNullable<AuthenticationJwt['triggerRules']>[number];
type PathMatch = NonNullable<Trigger['includedPaths']>[number];

/** What can't be said, an expression, makes more paths ask for a token, never fewer. */
function operationOf({ includedPaths = [], excludedPaths = [] }: Trigger) {
  const included = includedPaths.map(pathOf);
  const excluded = excludedPaths.map(pathOf).filter((path) => path !== undefined);
  return {
    ...(included.length > 0 && !included.includes(undefined) && { paths: included as readonly string[] }),
    ...(excluded.length > 0 && { notPaths: excluded }),
  };
}

function pathOf({ exact, prefix, suffix }: PathMatch): string | undefined {
  if (prefix !== undefined) return `${prefix}*`;
  return suffix === undefined ? exact : `*${suffix}`;
}
