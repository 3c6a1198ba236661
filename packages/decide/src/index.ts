// The decision kernel: route tables, decisions, explanations and normal forms.
export { decide, explain } from './decide.ts';
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
export { type Format, type FormatCommand, type FormatSegment, type FormatSource, renderFormat } from './format.ts';
export { applyHeaderChanges, type HeaderChange, type MutableHeaders } from './header-change.ts';
export { normaliseHost, normalisePath, type NormalisedPath, type PathOptions } from './normalise.ts';
export { compileRegex } from './regex.ts';
export type { HeaderView, RequestView } from './request-view.ts';
export { CONTROL_HEADERS, formatRetryOn, RETRY_ON, type RetryCondition, type RetryPolicy } from './retry-policy.ts';
export { type CompileOptions, compileRouteTable, type RouteTable } from './route-table.ts';
