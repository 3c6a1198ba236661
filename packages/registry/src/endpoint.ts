// One place where a port of a service is served.
import type { Labels, SocketAddress } from '@meltemi/base';

export type Health = 'healthy' | 'unhealthy';

export interface Endpoint {
  /** Where other proxies connect: the sidecar's mesh listener, or the container's port. */
  readonly address: SocketAddress;
  readonly labels: Labels;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The name of the pod or entry. */
  readonly workload: string;
  /** A user wrote it, in a ServiceEntry or WorkloadEntry. */
  readonly written?: true;
  readonly health: Health;
  /** Share of the traffic among its service's endpoints; 0 means the default (1). */
  readonly weight: number;
  /** Whose addresses reach each other; undefined: nobody says. */
  readonly network?: string;
  /** `region/zone/subzone`, or empty. */
  readonly locality: string;
}
