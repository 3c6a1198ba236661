// Everything that a cluster's endpoints depend on, as plain values: their cache key.

export interface LocalityEndpointInput {
  readonly host: string;
  readonly port: number;
  readonly healthy: boolean;
  /** 0: the default. */
  readonly weight: number;
  readonly workload: string;
  readonly namespace: string;
  /** The application that it is of, and which of its versions. */
  readonly canonicalName: string;
  readonly canonicalRevision: string;
  /** It has a sidecar, as its label says: mutual TLS ends there. */
  readonly inMesh: boolean;
  /** `region/zone/subzone`, where it is not told of all endpoints around it. */
  readonly locality?: string;
}

export interface EndpointInput {
  /** The cluster's name. */
  readonly name: string;
  readonly localities: readonly LocalityInput[];
}

/** Endpoints of a locality, `region/zone/subzone`. */
export interface LocalityInput {
  readonly locality: string;
  readonly endpoints: readonly LocalityEndpointInput[];
  /** Those of a higher number are for when too few of the lower ones are healthy; undefined: 0. */
  readonly priority?: number;
  /** Undefined: the sum of its endpoints'. */
  readonly weight?: number;
}
