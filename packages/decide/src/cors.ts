// Turns CORS policies, the most specific first, into the answer to a preflight or the headers of a response.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/cors_filter
import type { CorsPolicy as RouteCorsPolicy } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { CorsPolicy } from '@meltemi/api/envoy/extensions/filters/http/cors/v3/cors_pb';
import type { Dice } from '@meltemi/base';
import { falls, type Fraction, isAlways, runtimeFraction } from './chance.ts';
import type { TraceSink } from './decision.ts';
import { type HeaderChange, lastly } from './header-change.ts';
import type { RequestView } from './request-view.ts';
import { compileStringMatcher, type TextMatch } from './string-match.ts';

/** The fields of all levels joined: each from the most specific policy that says it. */
export interface CorsRule {
  readonly origins: readonly TextMatch[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  readonly maxAge: string;
  readonly allowCredentials: boolean;
  readonly allowPrivateNetworkAccess: boolean;
  readonly forwardNotMatchingPreflights: boolean;
  readonly enabled: Fraction;
}

export type CorsAnswer =
  | { readonly kind: 'preflight'; readonly responseHeaders: readonly HeaderChange[] }
  | { readonly kind: 'actual'; readonly responseHeaders: readonly HeaderChange[] };

/** The older `cors` fields of routes and virtual hosts, in the filter's own form. */
export type CorsFields = Omit<CorsPolicy, '$typeName' | '$unknown'>;

export function corsFieldsOf(policy: RouteCorsPolicy): CorsFields {
  const { enabledSpecifier } = policy;
  return { ...policy, filterEnabled: enabledSpecifier.case === 'filterEnabled' ? enabledSpecifier.value : undefined };
}

/** Undefined without policies. Throws DecideError. */
export function compileCors(policies: readonly CorsFields[]): CorsRule | undefined {
  const [mostSpecific] = policies;
  if (!mostSpecific) return undefined;
  const text = (read: (policy: CorsFields) => string) => policies.map(read).find((value) => value !== '') ?? '';
  const flag = (read: (policy: CorsFields) => boolean | undefined, otherwise: boolean) =>
    policies.map(read).find((value) => value !== undefined) ?? otherwise;
  const origins = policies.find((policy) => policy.allowOriginStringMatch.length > 0)?.allowOriginStringMatch ?? [];
  return {
    origins: origins.map(compileStringMatcher),
    allowMethods: text((policy) => policy.allowMethods),
    allowHeaders: text((policy) => policy.allowHeaders),
    exposeHeaders: text((policy) => policy.exposeHeaders),
    maxAge: text((policy) => policy.maxAge),
    allowCredentials: flag((policy) => policy.allowCredentials, false),
    allowPrivateNetworkAccess: flag((policy) => policy.allowPrivateNetworkAccess, false),
    forwardNotMatchingPreflights: flag((policy) => policy.forwardNotMatchingPreflights, true),
    enabled: runtimeFraction(mostSpecific.filterEnabled),
  };
}

/** Undefined when the request is none of CORS's business or its origin is not allowed. */
export function corsFor(rule: CorsRule, request: RequestView, dice: Dice, trace?: TraceSink): CorsAnswer | undefined {
  const origin = request.headers.get('origin');
  if (!origin || !(isAlways(rule.enabled) || falls(dice.roll(), rule.enabled))) return undefined;
  const allowed = rule.origins.some((match) => match.test('*') || match.test(origin));
  trace?.add({
    subject: 'cors',
    name: origin,
    source: undefined,
    outcome: allowed ? 'matched' : 'missed',
    reason: `origins: ${rule.origins.map((match) => match.words).join(', ') || 'none'}`,
  });
  const preflight = request.method === 'OPTIONS' && Boolean(request.headers.get('access-control-request-method'));
  if (preflight && (allowed || !rule.forwardNotMatchingPreflights)) {
    return { kind: 'preflight', responseHeaders: preflightHeaders(rule, request, allowed ? origin : undefined) };
  }
  return allowed ? { kind: 'actual', responseHeaders: actualHeaders(rule, origin) } : undefined;
}

function preflightHeaders(rule: CorsRule, request: RequestView, origin: string | undefined): readonly HeaderChange[] {
  const asked = (name: string) => request.headers.get(name) ?? '';
  const privateNetwork = asked('access-control-request-private-network') === 'true' && rule.allowPrivateNetworkAccess;
  return changes([
    ['access-control-allow-origin', origin ?? ''],
    ['access-control-allow-credentials', rule.allowCredentials ? 'true' : ''],
    ['access-control-allow-methods', wildcard(rule.allowMethods, asked('access-control-request-method'))],
    ['access-control-allow-headers', wildcard(rule.allowHeaders, asked('access-control-request-headers'))],
    ['access-control-max-age', rule.maxAge],
    ['access-control-allow-private-network', privateNetwork ? 'true' : ''],
    ['access-control-expose-headers', origin === undefined ? '' : rule.exposeHeaders],
  ]);
}

function actualHeaders(rule: CorsRule, origin: string): readonly HeaderChange[] {
  return changes([
    ['access-control-allow-origin', origin],
    ['access-control-allow-credentials', rule.allowCredentials ? 'true' : ''],
    ['access-control-expose-headers', rule.exposeHeaders],
  ]);
}

// `*` becomes what was asked for: browsers do not take it together with credentials.
function wildcard(configured: string, asked: string): string {
  return configured === '*' ? asked : configured;
}

function changes(headers: readonly (readonly [name: string, value: string])[]): readonly HeaderChange[] {
  return headers.flatMap(([name, value]) => (value === '' ? [] : [lastly('set', name, value)]));
}
