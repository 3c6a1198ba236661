// What the console's server says to its page: plain values, as they travel in JSON. Times are milliseconds since the epoch.

export type Health = 'healthy' | 'degraded' | 'failing' | 'idle';

/** Of the last seconds. */
export interface TrafficView {
  readonly health: Health;
  readonly requestsPerSecond: number;
  /** Part of the requests that failed by the server's fault, 0 to 1. */
  readonly errorShare: number;
  /** Null: nothing was measured. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Of TCP connections, both ways. */
  readonly bytesPerSecond: number;
}

export type ServiceKind = 'service' | 'gateway' | 'external' | 'outside';

export interface WorkloadView {
  readonly name: string;
  readonly version: string;
  readonly state: 'running' | 'starting' | 'restarting' | 'unknown';
  /** What it was asked. */
  readonly traffic: TrafficView;
}

export interface ServiceView {
  /** `namespace/name`; of what is outside, its host. */
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly kind: ServiceKind;
  readonly workloads: readonly WorkloadView[];
  readonly traffic: TrafficView;
}

/** `some`: a part of the requests came in plaintext; `unknown`: the server's side did not say. */
export type MutualTls = 'all' | 'some' | 'none' | 'unknown';

/** Who is at one end: a workload of a service, or only the service, where none took the request. */
export interface EndView {
  readonly service: string;
  readonly workload: string;
}

export interface EdgeView {
  readonly id: string;
  readonly from: EndView;
  readonly to: EndView;
  readonly protocol: 'http' | 'grpc' | 'tcp';
  readonly mutualTls: MutualTls;
  readonly traffic: TrafficView;
}

export interface MeshView {
  readonly time: number;
  readonly services: readonly ServiceView[];
  readonly edges: readonly EdgeView[];
  readonly sidecars: SidecarsView;
  readonly problems: { readonly errors: number; readonly warnings: number };
}

export interface SidecarsView {
  readonly known: number;
  readonly answering: number;
  /** Requests and connections that were counted together, because a sidecar's budget of label sets was used up. */
  readonly rolledUp: number;
}

/** One moment of a service's history. */
export interface PointView {
  readonly time: number;
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
  /** Of TCP connections, both ways. */
  readonly bytesPerSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface ServiceDetailView {
  readonly service: ServiceView;
  readonly points: readonly PointView[];
  readonly callers: readonly EdgeView[];
  readonly callees: readonly EdgeView[];
  /** Of the last seconds, by status code. */
  readonly responses: readonly { readonly code: string; readonly perSecond: number }[];
}

/** A request as one side saw it. No headers, no bodies, no values of a query: they may be secrets. */
export interface RequestView {
  /** Of one side, the only one. */
  readonly id: string;
  /** The same for both sides of a request. */
  readonly key: string;
  readonly side: 'client' | 'server';
  readonly time: number;
  /** Who asked: a workload, or what its certificate names; empty: not known. */
  readonly client: string;
  /** Who was asked: a service's host at the client's side, a workload at the server's. */
  readonly server: string;
  readonly method: string;
  readonly path: string;
  /** 0: there was no answer. */
  readonly status: number;
  readonly durationMs: number | null;
  readonly requestId: string;
  readonly userAgent: string;
  readonly mutualTls: boolean | null;
}

export interface RequestBatchView {
  readonly rows: readonly RequestView[];
  /** Those that fitted and were too many to show. */
  readonly omitted: number;
  /** Sidecars that can't be tapped now, and why. */
  readonly untapped: readonly { readonly workload: string; readonly reason: string }[];
}

export interface ProblemView {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** `file:line`, empty when it is not known. */
  readonly place: string;
  readonly object: string;
}

export interface ConfigObjectView {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly place: string;
  readonly state: 'active' | 'warning' | 'refused';
  readonly problems: readonly ProblemView[];
}

export interface SidecarSyncView {
  readonly name: string;
  readonly state: 'synced' | 'pending' | 'refused' | 'not connected';
  readonly error: string;
}

export interface ConfigView {
  /** False: the control plane does not answer; what it said last is shown. */
  readonly answering: boolean;
  readonly objects: readonly ConfigObjectView[];
  /** Those of no object that is shown. */
  readonly problems: readonly ProblemView[];
  readonly sidecars: readonly SidecarSyncView[];
}
