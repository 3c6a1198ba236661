// What the proxy's parts see of configuration discovery: they subscribe, and say of each resource whether it can be honoured.
import type { Any } from '@bufbuild/protobuf/wkt';
import type { Cluster } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import type { ClusterLoadAssignment } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import type { Listener } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { RouteConfiguration } from '@meltemi/api/envoy/config/route/v3/route_pb';
import type { Secret } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { XdsType } from '@meltemi/api';
import type { SubscriptionStats } from './subscription-stats.ts';

/** The message behind each short name. */
export interface XdsResources {
  readonly CDS: Cluster;
  readonly EDS: ClusterLoadAssignment;
  readonly LDS: Listener;
  readonly RDS: RouteConfiguration;
  readonly SDS: Secret;
  readonly ECDS: TypedExtensionConfig;
  /** Virtual hosts, gathered: all of a route configuration, or the one of a host. */
  readonly VHDS: RouteConfiguration;
}

/** The types of which a proxy takes everything. */
export type WildcardType = 'CDS' | 'LDS';

/** A resource that can't be honoured: its last good version stays. Goes into the NACK. */
export interface Rejection {
  readonly name: string;
  readonly message: string;
}

/** Takes every resource of a type (CDS, LDS). */
export interface WildcardSink<Resource> {
  /**
   * Applies a change: resources that are new or differ from the last accepted ones, and names that are gone. Returns what
   * it refused; all others were applied. Called for the first response even when it is empty. Throwing refuses all of it.
   */
  update(changed: ReadonlyMap<string, Resource>, removed: readonly string[], version: string): readonly Rejection[];
}

/** Takes one resource by name (RDS, EDS, SDS). Throwing an Error refuses it too. */
export interface ResourceWatcher<Resource> {
  onResource(resource: Resource, version: string): Rejection | undefined;
  /** The server says that there is no such resource. What was there stays in use by the watcher's own choice. */
  onMissing?(): void;
  /** What happens to this subscription is counted here. */
  readonly stats?: SubscriptionStats;
}

export interface Watch {
  close(): void;
}

/** A source of configuration: one stream to one server. It keeps its last state while the server is away. */
export interface XdsClient {
  /** One sink a type; subscribes at once. */
  watchAll<Type extends WildcardType>(type: Type, sink: WildcardSink<XdsResources[Type]>): Watch;
  /** A resource that is already here is delivered before this returns. Several watchers may share a name. */
  watch<Type extends XdsType>(type: Type, name: string, watcher: ResourceWatcher<XdsResources[Type]>): Watch;
  readonly connected: boolean;
  /** For the admin pages. */
  state(): readonly XdsTypeState[];
  close(): void;
}

/** What was received of one type. */
export interface XdsTypeState {
  readonly type: XdsType;
  /** Of the last response that was accepted; empty before. */
  readonly version: string;
  /** The last NACK's text; undefined after an ACK. */
  readonly error: string | undefined;
  readonly resources: ReadonlyMap<string, XdsResourceState>;
}

export interface XdsResourceState {
  readonly name: string;
  readonly version: string;
  /** Epoch milliseconds of the last accepted change; 0 when none was accepted yet. */
  readonly lastUpdatedMs: number;
  /** The accepted resource; undefined while only refused or none came. */
  readonly accepted: Any | undefined;
  readonly failure: XdsFailure | undefined;
}

export interface XdsFailure {
  readonly message: string;
  readonly version: string;
  readonly atMs: number;
  readonly refused: Any;
}
