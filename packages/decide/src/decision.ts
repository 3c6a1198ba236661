// What can become of a request: the closed set of answers that the sidecar acts on and the tools show.
import type { Tracing } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { Hash64 } from '@meltemi/base';
import type { ForwardingRules } from './forwarding-rules.ts';
import type { HeaderChange } from './header-change.ts';
import type { RouteRateLimits } from './rate-limit.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { NameVirtualCluster } from './virtual-cluster.ts';
import type { RouteFilterConfigs } from './route-filter-config.ts';

/** Where a compiled route comes from; made once when the table is compiled. */
export interface CompiledRoute {
  readonly name: string;
  readonly virtualHost: string;
  /** `filter_metadata.meltemi.source`: file:line. */
  readonly source: string | undefined;
  /** `filter_metadata.istio.config`: the resource as Istio names it. */
  readonly config: string | undefined;
  /** `decorator.operation`: the name of its spans. */
  readonly operation: string | undefined;
  /** False: the next proxy is not told the operation. */
  readonly propagateOperation?: boolean;
  /** Of counters of its requests; undefined: they are not counted for themselves. */
  readonly statPrefix?: string;
  /** What the route says of tracing in the listener's place. */
  readonly tracing?: Tracing;
  /** Of a route to a cluster; undefined: it and its virtual host have none. */
  readonly rateLimits?: RouteRateLimits;
  /** Of a route to a cluster: names the virtual cluster of a request as it came; undefined: its virtual host has none. */
  readonly virtualCluster?: NameVirtualCluster;
}

export type Decision = RouteDecision | RedirectDecision | DirectDecision | CorsPreflightDecision | NotFoundDecision;

/** Forward to a cluster. */
export interface RouteDecision {
  readonly kind: 'route';
  readonly route: CompiledRoute;
  /** Empty when a `cluster_header` is absent from the request: answer `clusterNotFoundStatus`. */
  readonly cluster: string;
  readonly clusterNotFoundStatus: number;
  /** Path with query, rewritten. */
  readonly path: string;
  /** The path that the route rewrote, to the same or another one: it goes upstream as `x-envoy-original-path`. */
  readonly originalPath: string | undefined;
  /** Authority, rewritten. */
  readonly authority: string;
  /** The authority that the route rewrote: it goes upstream as `x-envoy-original-host`. */
  readonly originalHost: string | undefined;
  /** Replace the authority by the chosen endpoint's host name (clusters resolved by DNS). */
  readonly autoHostRewrite: boolean;
  /** Add the authority as received as `x-forwarded-host` when it was rewritten. */
  readonly appendForwardedHost: boolean;
  /** From the end of the request to the end of the response; 0: none. */
  readonly timeoutMs: number;
  /** Undefined: the listener's; 0: none. */
  readonly idleTimeoutMs: number | undefined;
  /** Undefined: the listener's; 0: none. */
  readonly maxStreamDurationMs: number | undefined;
  readonly retry: RetryPolicy | undefined;
  /** In the order to apply. */
  readonly requestHeaders: readonly HeaderChange[];
  readonly responseHeaders: readonly HeaderChange[];
  readonly fault: FaultDecision | undefined;
  /** What the route says to the listener's other filters. */
  readonly filterConfigs: RouteFilterConfigs;
  /** The mirrors that this request goes to. */
  readonly mirrors: readonly Mirror[];
  /** Of the route's hash policies; undefined: balance without. */
  readonly hash: Hash64 | undefined;
  /** Upgrades by lower-case type: true is allowed, false is refused with 403; absent: the listener's word. */
  readonly upgrades: ReadonlyMap<string, boolean>;
  /** What holds for all requests of the route. */
  readonly rules: ForwardingRules;
  /** A try that takes too long gets another beside it, instead of being given up. */
  readonly hedged: boolean;
  /** Send `x-envoy-attempt-count` upstream. */
  readonly includeAttemptCount: boolean;
  /** Answer with `x-envoy-attempt-count`. */
  readonly includeAttemptCountInResponse: boolean;
  readonly priority: 'default' | 'high';
  /** The subset of endpoints: `metadata_match` under `envoy.lb`. */
  readonly subset: Readonly<Record<string, unknown>> | undefined;
}

/** Answer with a redirect. */
export interface RedirectDecision {
  readonly kind: 'redirect';
  readonly route: CompiledRoute;
  readonly status: number;
  readonly location: string;
  readonly responseHeaders: readonly HeaderChange[];
  readonly fault: FaultDecision | undefined;
  /** What the route says to the listener's other filters. */
  readonly filterConfigs: RouteFilterConfigs;
}

/** Answer at once with a fixed body. */
export interface DirectDecision {
  readonly kind: 'direct';
  readonly route: CompiledRoute;
  readonly status: number;
  readonly body: Uint8Array;
  readonly responseHeaders: readonly HeaderChange[];
  readonly fault: FaultDecision | undefined;
  /** What the route says to the listener's other filters. */
  readonly filterConfigs: RouteFilterConfigs;
}

/** Answer a CORS preflight: status 200, no body. */
export interface CorsPreflightDecision {
  readonly kind: 'cors-preflight';
  readonly route: CompiledRoute;
  readonly status: 200;
  readonly responseHeaders: readonly HeaderChange[];
  readonly fault: FaultDecision | undefined;
  /** What the route says to the listener's other filters. */
  readonly filterConfigs: RouteFilterConfigs;
}

/** Nothing matched: answer 404, response flag NR. */
export interface NotFoundDecision {
  readonly kind: 'not-found';
  readonly reason: 'no virtual host' | 'no route';
}

/** Injected faults, decided: first the delay (DI), then the abort (FI, body `fault filter abort`). */
export interface FaultDecision {
  /** 0: none. */
  readonly delayMs: number;
  readonly abort: FaultAbort | undefined;
  /** The response comes no faster: KiB a second. Absent: as fast as it comes. */
  readonly rateKib?: number;
  /** Inject only while fewer faults than this are active; undefined: no limit. */
  readonly maxActive: number | undefined;
  /** True: faults are not counted by the cluster that the client says it is of. */
  readonly ignoresClientCluster?: boolean;
}

/** With `grpcStatus`, the answer is HTTP 200 with that grpc-status. */
export interface FaultAbort {
  readonly status: number;
  readonly grpcStatus: number | undefined;
}

/** A copy of the request, its answer ignored. */
export interface Mirror {
  readonly cluster: string;
  /** Append `-shadow` to the host part of the authority. */
  readonly appendShadowSuffix: boolean;
  /** Undefined: as the request's own trace. */
  readonly traceSampled: boolean | undefined;
}

/** A decision and how it came about. */
export interface Explanation {
  readonly decision: Decision;
  readonly steps: readonly ExplainStep[];
}

export interface ExplainStep {
  readonly subject:
    | 'virtual host'
    | 'match tree'
    | 'route'
    | 'cluster'
    | 'timeout'
    | 'retry'
    | 'fault'
    | 'cors'
    | 'mirror';
  readonly name: string;
  /** file:line, or the resource, or undefined where neither is known. */
  readonly source: string | undefined;
  readonly outcome: 'matched' | 'missed';
  readonly reason: string;
}

/** Where steps go; a decision without one pays nothing for it. */
export interface TraceSink {
  add(step: ExplainStep): void;
}
