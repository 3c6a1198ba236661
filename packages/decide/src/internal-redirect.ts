// Turns an internal redirect policy into what the router asks before it follows a redirect by itself.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/http_connection_management#internal-redirects
import { unpackAny } from '@meltemi/api';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import {
  type RouteAction,
  RouteAction_InternalRedirectAction as OldAction,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { AllowListedRoutesConfigSchema } from '@meltemi/api/envoy/extensions/internal_redirect/allow_listed_routes/v3/allow_listed_routes_config_pb';
import { PreviousRoutesConfigSchema } from '@meltemi/api/envoy/extensions/internal_redirect/previous_routes/v3/previous_routes_config_pb';
import { SafeCrossSchemeConfigSchema } from '@meltemi/api/envoy/extensions/internal_redirect/safe_cross_scheme/v3/safe_cross_scheme_config_pb';
import { DecideError } from './decide-error.ts';

/** Which redirects of an upstream the proxy follows itself. */
export interface InternalRedirect {
  readonly statuses: ReadonlySet<number>;
  /** Of one request of the client's. */
  readonly maxRedirects: number;
  readonly allowCrossScheme: boolean;
  /** From the redirect into the new request. */
  readonly headersToCopy: readonly string[];
  /** All must agree. */
  readonly allows: readonly ((hop: RedirectHop) => boolean)[];
}

/** One step from a route to the next. */
export interface RedirectHop {
  readonly route: string;
  /** The routes that the request has gone through, the one that was redirected included. */
  readonly visited: readonly string[];
  readonly fromScheme: string;
  readonly toScheme: string;
}

const STATUSES: readonly number[] = [301, 302, 303, 307, 308];

/** Undefined: redirects go to the client. Throws DecideError. */
export function compileInternalRedirect(action: RouteAction): InternalRedirect | undefined {
  const policy = action.internalRedirectPolicy;
  if (!policy) return olderPolicy(action);
  const statuses = policy.redirectResponseCodes.filter((status) => STATUSES.includes(status));
  return {
    statuses: new Set(policy.redirectResponseCodes.length === 0 ? [302] : statuses),
    maxRedirects: policy.maxInternalRedirects ?? 1,
    allowCrossScheme: policy.allowCrossSchemeRedirect,
    headersToCopy: policy.responseHeadersToCopy.map((name) => name.toLowerCase()),
    allows: policy.predicates.map(compilePredicate),
  };
}

function olderPolicy(action: RouteAction): InternalRedirect | undefined {
  if (action.internalRedirectAction !== OldAction.HANDLE_INTERNAL_REDIRECT) return undefined;
  return {
    statuses: new Set([302]),
    maxRedirects: action.maxInternalRedirects ?? 1,
    allowCrossScheme: false,
    headersToCopy: [],
    allows: [],
  };
}

function compilePredicate({ name, typedConfig }: TypedExtensionConfig): (hop: RedirectHop) => boolean {
  const listed = unpackAny(typedConfig, AllowListedRoutesConfigSchema);
  if (listed) {
    const allowed = new Set(listed.allowedRouteNames);
    return ({ route }) => allowed.has(route);
  }
  if (unpackAny(typedConfig, PreviousRoutesConfigSchema)) return ({ route, visited }) => !visited.includes(route);
  if (unpackAny(typedConfig, SafeCrossSchemeConfigSchema)) {
    return ({ fromScheme, toScheme }) => fromScheme === 'https' || toScheme === 'http';
  }
  throw new DecideError('UNSUPPORTED', `internal redirect predicate ${name}`);
}
