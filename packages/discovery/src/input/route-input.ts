// Everything that a route configuration depends on, as plain values: its cache key.
import type { Provenance } from './provenance.ts';
import type { Patched } from './envoy-filter/patch-input.ts';

export type StringMatchInput =
  | { readonly kind: 'exact' | 'prefix' | 'regex'; readonly value: string }
  | { readonly kind: 'present' };

export interface NamedMatchInput {
  readonly name: string;
  readonly match: StringMatchInput;
  readonly invert: boolean;
}

export interface RouteMatchInput {
  /** `/` as prefix matches all. */
  readonly path: { readonly kind: 'exact' | 'prefix' | 'regex'; readonly value: string };
  readonly ignoreCase: boolean;
  /** Headers, with `:method`, `:authority` and `:scheme` among them. */
  readonly headers: readonly NamedMatchInput[];
  readonly queryParameters: readonly NamedMatchInput[];
}

export interface HeaderChangesInput {
  readonly set: readonly (readonly [string, string])[];
  readonly add: readonly (readonly [string, string])[];
  readonly remove: readonly string[];
}

export interface WeightedClusterInput {
  readonly cluster: string;
  readonly weight: number;
  readonly requestHeaders: HeaderChangesInput;
  readonly responseHeaders: HeaderChangesInput;
}

export interface RetryInput {
  readonly attempts: number;
  readonly on: string;
  readonly statusCodes: readonly number[];
  /** 0: the route's own timeout only. */
  readonly perTryTimeoutMs: number;
  /** Whether hosts that failed are passed over; undefined: as far as no host is the request's own. */
  readonly otherHosts?: boolean;
  /** Other priorities are tried too. */
  readonly otherLocalities?: true;
  /** Before the second try; undefined: the proxy's own. */
  readonly backOffMs?: number;
}

export interface MirrorInput {
  readonly cluster: string;
  /** Of 1,000,000. */
  readonly millionths: number;
}

export type HashPolicyInput =
  | { readonly kind: 'header' | 'query'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string; readonly path: string; readonly ttlMs: number | undefined }
  | { readonly kind: 'source-ip' };

export interface RewriteInput {
  /** Replaces the path, or the matched prefix; empty: unchanged. */
  readonly uri: string;
  readonly uriRegex: { readonly match: string; readonly rewrite: string } | undefined;
  readonly authority: string;
}

export type RouteActionInput =
  | {
      readonly kind: 'forward';
      /** Weights sum to what they sum to; one cluster stands alone. */
      readonly clusters: readonly WeightedClusterInput[];
      /** 0: none. */
      readonly timeoutMs: number;
      readonly retry: RetryInput | undefined;
      readonly rewrite: RewriteInput | undefined;
      readonly mirrors: readonly MirrorInput[];
      readonly hashPolicy: readonly HashPolicyInput[];
      /** A rule leads requests to one destination, where each has a host of its own. */
      readonly sticks?: true;
    }
  | {
      readonly kind: 'redirect';
      readonly status: number;
      readonly uri: string;
      /** Replaces the matched prefix instead of the path. */
      readonly prefixRewrite: boolean;
      readonly authority: string;
      readonly scheme: string;
      readonly port: number;
    }
  | { readonly kind: 'direct'; readonly status: number; readonly body: string }
  /** The sidecar's own application. */
  | { readonly kind: 'application'; readonly cluster: string; readonly retried: boolean };

export interface FaultInput {
  readonly delay: { readonly ms: number; readonly millionths: number } | undefined;
  readonly abort:
    | { readonly httpStatus: number; readonly grpcStatus: number | undefined; readonly millionths: number }
    | undefined;
}

export interface CorsInput {
  readonly allowOrigins: readonly StringMatchInput[];
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly exposeHeaders: string;
  /** Seconds; empty: unset. */
  readonly maxAge: string;
  readonly allowCredentials: boolean | undefined;
  /** Preflights of other origins go to the service. */
  readonly forwardUnmatched: boolean;
}

export interface HttpRouteInput {
  readonly name: string;
  readonly match: RouteMatchInput;
  readonly action: RouteActionInput;
  readonly requestHeaders: HeaderChangesInput;
  readonly responseHeaders: HeaderChangesInput;
  readonly fault: FaultInput | undefined;
  readonly cors: CorsInput | undefined;
  /** `reviews.default.svc.cluster.local:9080/*`; empty: none. */
  readonly operation: string;
  readonly provenance: Provenance | undefined;
}

export interface VirtualHostInput {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly HttpRouteInput[];
  /** Plaintext requests are redirected to https. */
  readonly requireTls: boolean;
}

export interface RouteInput extends Patched {
  readonly name: string;
  /** Of whom: of a sidecar for its application, or of clients and gateways. */
  readonly direction: 'inbound' | 'outbound' | 'gateway';
  /** `example.com:8080` is matched as `example.com`. */
  readonly ignorePort: boolean;
  readonly virtualHosts: readonly VirtualHostInput[];
}
