// EnvoyFilter: changes of what a proxy is told, in Envoy's own words. https://istio.io/latest/docs/reference/config/networking/envoy-filter/
import type { JsonValue } from '@bufbuild/protobuf';
import type { Labels } from '@meltemi/base';

import type { PolicyTarget } from './selector.ts';

/** `priority`: the lower, the earlier. `filters` is the form of Istio 1.0. */
export interface EnvoyFilter {
  readonly workloadSelector?: { readonly labels?: Labels };
  readonly targetRefs?: readonly PolicyTarget[];
  readonly configPatches?: readonly EnvoyConfigPatch[];
  readonly priority?: number;
  readonly workloadLabels?: Labels;
  readonly filters?: readonly unknown[];
}

export type ApplyTo =
  | 'LISTENER'
  | 'FILTER_CHAIN'
  | 'NETWORK_FILTER'
  | 'HTTP_FILTER'
  | 'ROUTE_CONFIGURATION'
  | 'VIRTUAL_HOST'
  | 'HTTP_ROUTE'
  | 'CLUSTER'
  | 'EXTENSION_CONFIG'
  | 'BOOTSTRAP'
  | 'LISTENER_FILTER';

export type PatchContext = 'ANY' | 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY' | 'WAYPOINT';

export type PatchOperation =
  | 'INVALID'
  | 'MERGE'
  | 'ADD'
  | 'REMOVE'
  | 'INSERT_BEFORE'
  | 'INSERT_AFTER'
  | 'INSERT_FIRST'
  | 'REPLACE'
  | 'MERGE_AND_REPLACE_LIST';

/** `value` is protobuf's JSON of what `applyTo` names; it is one that `fromJson` reads. */
export interface EnvoyConfigPatch {
  readonly applyTo: ApplyTo;
  readonly match?: {
    readonly context?: PatchContext;
    readonly proxy?: { readonly proxyVersion?: string; readonly metadata?: Labels };
    readonly listener?: ListenerPatchMatch;
    readonly routeConfiguration?: RoutePatchMatch;
    readonly cluster?: ClusterPatchMatch;
  };
  readonly patch: { readonly operation?: PatchOperation; readonly value?: JsonValue };
}

export interface ListenerPatchMatch {
  readonly portNumber?: number;
  readonly portName?: string;
  readonly name?: string;
  readonly listenerFilter?: string;
  readonly filterChain?: {
    readonly name?: string;
    readonly sni?: string;
    readonly transportProtocol?: string;
    /** With commas between them. */
    readonly applicationProtocols?: string;
    readonly destinationPort?: number;
    readonly filter?: { readonly name?: string; readonly subFilter?: { readonly name?: string } };
  };
}

export interface RoutePatchMatch {
  readonly name?: string;
  readonly portNumber?: number;
  readonly portName?: string;
  /** `namespace/name` */
  readonly gateway?: string;
  readonly vhost?: {
    readonly name?: string;
    readonly domainName?: string;
    readonly route?: { readonly name?: string; readonly action?: 'ANY' | 'ROUTE' | 'REDIRECT' | 'DIRECT_RESPONSE' };
  };
}

export interface ClusterPatchMatch {
  readonly portNumber?: number;
  readonly service?: string;
  readonly subset?: string;
  readonly name?: string;
}
