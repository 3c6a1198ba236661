// The decision kernel: route tables, decisions, explanations and normal forms.
//
// The messages mean what they mean to Envoy 1.40, which judges them (test/envoy-decisions.test.ts):
// - Each value of a repeated header is matched on its own; inverted, no value may match. `%REQ(x)%` is the first value.
// - One large number decides every fraction and weight of a request, each by its remainder.
// - There is no runtime layer: the defaults of runtime fractions count.
// What differs on purpose is in paths, and safer: fragments are cut off, `%00` is refused, dot segments with parameters
// count as dot segments (test/support/intended-differences.ts). A field that can't be honoured refuses its table.
export { decide, explain } from './decide.ts';
export { falls, type Fraction, isAlways, runtimeFraction } from './chance.ts';
export { cookieValue, setCookie } from './hash-policy.ts';
export { DecideError, type DecideErrorCode } from './decide-error.ts';
export type {
  CompiledRoute,
  CorsPreflightDecision,
  Decision,
  DirectDecision,
  ExplainStep,
  Explanation,
  FaultAbort,
  FaultDecision,
  Mirror,
  NotFoundDecision,
  RedirectDecision,
  RouteDecision,
} from './decision.ts';
export {
  NO_FILTER_CONFIGS,
  type ReadRouteConfig,
  type RouteFilterConfig,
  type RouteFilterConfigs,
} from './route-filter-config.ts';
export type { ForwardingRules } from './forwarding-rules.ts';
export { FORMAT_COMMANDS } from './format-commands.ts';
export { type Format, type FormatCommand, type FormatSegment, type FormatSource, renderFormat } from './format.ts';
export {
  applyHeaderChanges,
  compileHeaderChanges,
  type HeaderChange,
  joinLevels,
  type MutableHeaders,
} from './header-change.ts';
export type { DataReader } from './direct-response.ts';
export { compileHeaderTest } from './header-match.ts';
export type { InternalRedirect, RedirectHop } from './internal-redirect.ts';
export { normaliseHost, normalisePath, type NormalisedPath, type PathOptions } from './normalise.ts';
export { type AccessFilter, compileHttpAccess, compileNetworkAccess, denialDetails } from './rbac/access-filter.ts';
export { type AccessConnection, type AccessRequest, NO_PEER, type PeerNames } from './rbac/access-request.ts';
export type { AccessJudge, AccessVerdict, NearestMiss } from './rbac/access-rules.ts';
export { compileMatchTree, type MatchInput, type MatchTree } from './match-tree/match-tree.ts';
export { compileMetadata, type MetadataTest } from './rbac/metadata-condition.ts';
export {
  compileRateLimits,
  type RateLimitDescriptor,
  rateLimitDescriptors,
  type RateLimitRule,
  type RouteRateLimits,
} from './rate-limit.ts';
export type { RateLimitEntry, RateLimitView } from './rate-limit-view.ts';
export type { RateLimitOverride } from './rate-limit-extent.ts';
export { compileRegex } from './regex.ts';
export { compileRequestTest } from './request-test.ts';
export type { HeaderView, RequestView } from './request-view.ts';
export { CONTROL_HEADERS, formatRetryOn, RETRY_ON, type RetryCondition, type RetryPolicy } from './retry-policy.ts';
export type { RetryHosts } from './retry-hosts.ts';
export { compileStringMatcher } from './string-match.ts';
export { routesOf } from './route-tree.ts';
export { type CompileOptions, compileRouteTable, type RouteTable } from './route-table.ts';
