// What the configuration says now, as one immutable value: decoded, old kinds converted, problems beside.
import type { Problem } from '@meltemi/base';

import type { LocatedResource } from './located-resource.ts';
import type { AuthenticationPolicy } from './model/authentication-policy.ts';
import type { AuthorizationPolicy } from './model/authorization-policy.ts';
import type { DestinationRule } from './model/destination-rule.ts';
import type { EnvoyFilter } from './model/envoy-filter.ts';
import type { SliceFields } from './model/endpoint-slice.ts';
import type { Gateway } from './model/gateway.ts';
import type {
  DeploymentSpec,
  EndpointSubset,
  IngressSpec,
  PodSpec,
  PodStatus,
  ServiceSpec,
} from './model/kubernetes.ts';
import type { MixerResources } from './model/mixer/resources.ts';
import type { PeerAuthentication } from './model/peer-authentication.ts';
import type { ProxyConfig } from './model/proxy-config.ts';
import type { RateLimitPolicy } from './model/rate-limit-policy.ts';
import type { RbacConfig, ServiceRole, ServiceRoleBinding } from './model/rbac.ts';
import type { RequestAuthentication } from './model/request-authentication.ts';
import type { EgressRule } from './model/egress-rule.ts';
import type { DestinationPolicy, RouteRule } from './model/route-rule.ts';
import type { ServiceEntry, ServiceEntryStatus, WorkloadEntry } from './model/service-entry.ts';
import type { Sidecar } from './model/sidecar.ts';
import type { Telemetry } from './model/telemetry.ts';
import type { VirtualService } from './model/virtual-service.ts';
import type { WorkloadGroup } from './model/workload-group.ts';

/** A pod with what kubelet reports of it. */
export interface Pod extends LocatedResource<PodSpec> {
  readonly status: PodStatus;
}

/** An entry with the addresses that its hosts were given; one that was converted has no status. */
export interface ServiceEntryObject extends LocatedResource<ServiceEntry> {
  readonly status?: ServiceEntryStatus;
}

/** Where a service is served, as Kubernetes found it. */
export interface Endpoints extends LocatedResource {
  readonly subsets: readonly EndpointSubset[];
}

/** Some of a service's addresses, as Kubernetes found them; its label says of which service. */
export interface EndpointSlice extends LocatedResource, SliceFields {}

export interface ConfigMap extends LocatedResource {
  readonly data: Readonly<Record<string, string>>;
}

/** `data` is in base64, `stringData` as it is; what both name, `stringData` says. */
export interface Secret extends LocatedResource {
  readonly data: Readonly<Record<string, string>>;
  readonly stringData: Readonly<Record<string, string>>;
}

/** The kinds that are read, as they were written. */
export interface ResourceByKind extends MixerResources {
  readonly VirtualService: LocatedResource<VirtualService>;
  readonly DestinationRule: LocatedResource<DestinationRule>;
  readonly Gateway: LocatedResource<Gateway>;
  readonly ServiceEntry: ServiceEntryObject;
  readonly WorkloadEntry: LocatedResource<WorkloadEntry>;
  readonly Sidecar: LocatedResource<Sidecar>;
  readonly WorkloadGroup: LocatedResource<WorkloadGroup>;
  readonly EnvoyFilter: LocatedResource<EnvoyFilter>;
  readonly ProxyConfig: LocatedResource<ProxyConfig>;
  readonly AuthorizationPolicy: LocatedResource<AuthorizationPolicy>;
  readonly PeerAuthentication: LocatedResource<PeerAuthentication>;
  readonly RequestAuthentication: LocatedResource<RequestAuthentication>;
  readonly Telemetry: LocatedResource<Telemetry>;
  readonly RateLimitPolicy: LocatedResource<RateLimitPolicy>;
  readonly WasmPlugin: LocatedResource;
  readonly TrafficExtension: LocatedResource;
  readonly Policy: LocatedResource<AuthenticationPolicy>;
  readonly MeshPolicy: LocatedResource<AuthenticationPolicy>;
  readonly ServiceRole: LocatedResource<ServiceRole>;
  readonly ServiceRoleBinding: LocatedResource<ServiceRoleBinding>;
  readonly RbacConfig: LocatedResource<RbacConfig>;
  readonly ClusterRbacConfig: LocatedResource<RbacConfig>;
  readonly RouteRule: LocatedResource<RouteRule>;
  readonly DestinationPolicy: LocatedResource<DestinationPolicy>;
  readonly EgressRule: LocatedResource<EgressRule>;
  readonly Ingress: LocatedResource<IngressSpec>;
  readonly Service: LocatedResource<ServiceSpec>;
  readonly Deployment: LocatedResource<DeploymentSpec>;
  readonly Pod: Pod;
  readonly Endpoints: Endpoints;
  readonly EndpointSlice: EndpointSlice;
  readonly ConfigMap: ConfigMap;
  readonly Secret: Secret;
  readonly ServiceAccount: LocatedResource;
  readonly Namespace: LocatedResource;
  readonly Node: LocatedResource;
}

export type KindName = keyof ResourceByKind;

export interface ConfigView {
  /** Changes exactly when a resource or problem does. */
  readonly version: string;
  /** Routing in today's form, by creation and then by name: the user's own and what RouteRules and Ingresses say. */
  readonly virtualServices: readonly LocatedResource<VirtualService>[];
  readonly destinationRules: readonly LocatedResource<DestinationRule>[];
  readonly gateways: readonly LocatedResource<Gateway>[];
  readonly serviceEntries: readonly ServiceEntryObject[];
  /** The objects of a kind as they were written. */
  objects<Kind extends KindName>(kind: Kind): readonly ResourceByKind[Kind][];
  readonly problems: readonly Problem[];
}
