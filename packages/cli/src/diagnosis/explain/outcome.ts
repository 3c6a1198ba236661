// The kernel's decision → what becomes of the request, as data that people and scripts read.
import { type CompiledRoute, type Decision, formatRetryOn } from '@meltemi/decide';

export interface RouteOrigin {
  readonly name: string;
  /** The resource as Istio names it. */
  readonly config?: string;
  /** file:line */
  readonly source?: string;
}

export interface FaultOutcome {
  readonly delayMs?: number;
  readonly abortStatus?: number;
}

export type Outcome = { readonly route?: RouteOrigin; readonly fault?: FaultOutcome } & (
  | {
      readonly kind: 'route';
      readonly cluster: string;
      readonly authority: string;
      readonly path: string;
      /** 0: no limit. */
      readonly timeoutMs: number;
      readonly retry?: { readonly attempts: number; readonly on: string; readonly perTryTimeoutMs?: number };
      readonly mirrors?: readonly string[];
    }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  | { readonly kind: 'direct'; readonly status: number; readonly body: string }
  | { readonly kind: 'cors-preflight'; readonly status: 200 }
  | { readonly kind: 'not-found'; readonly status: 404; readonly reason: string }
  /** Before any route: the path is not one. */
  | { readonly kind: 'refused'; readonly status: 400; readonly reason: string }
  | { readonly kind: 'tcp'; readonly cluster: string }
);

export function outcomeOf(decision: Decision): Outcome {
  if (decision.kind === 'not-found') return { kind: 'not-found', status: 404, reason: decision.reason };
  const common = { route: originOf(decision.route), ...faultPart(decision.fault) };
  switch (decision.kind) {
    case 'route':
      return { ...forwarded(decision), ...common };
    case 'redirect':
      return { kind: 'redirect', status: decision.status, location: decision.location, ...common };
    case 'direct':
      return { kind: 'direct', status: decision.status, body: Buffer.from(decision.body).toString(), ...common };
    case 'cors-preflight':
      return { kind: 'cors-preflight', status: 200, ...common };
  }
}

/** One word or two: what requests with the same outcome are counted under. */
export function outcomeKey(outcome: Outcome): string {
  if (outcome.fault?.abortStatus !== undefined) return `aborted with ${outcome.fault.abortStatus}`;
  const delay = outcome.fault?.delayMs ? `, delayed by ${outcome.fault.delayMs} ms` : '';
  switch (outcome.kind) {
    case 'route':
    case 'tcp':
      return `${outcome.cluster}${delay}`;
    case 'redirect':
      return `redirected to ${outcome.location}${delay}`;
    default:
      return `answered with ${outcome.status}${delay}`;
  }
}

function forwarded(decision: Extract<Decision, { kind: 'route' }>): Extract<Outcome, { kind: 'route' }> {
  const { cluster, authority, path, timeoutMs, retry, mirrors } = decision;
  return {
    kind: 'route',
    cluster,
    authority,
    path,
    timeoutMs,
    ...(retry && {
      retry: {
        attempts: retry.numRetries,
        on: formatRetryOn(retry.on),
        ...(retry.perTryTimeoutMs ? { perTryTimeoutMs: retry.perTryTimeoutMs } : {}),
      },
    }),
    ...(mirrors.length > 0 && { mirrors: mirrors.map((mirror) => mirror.cluster) }),
  };
}

function originOf({ name, config, source }: CompiledRoute): RouteOrigin {
  return { name, ...(config !== undefined && { config }), ...(source !== undefined && { source }) };
}

function faultPart(fault: Extract<Decision, { kind: 'route' }>['fault']): { readonly fault?: FaultOutcome } {
  if (!fault) return {};
  const { delayMs, abort } = fault;
  return { fault: { ...(delayMs > 0 && { delayMs }), ...(abort && { abortStatus: abort.status }) } };
}
