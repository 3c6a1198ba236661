// What the console is told about the mesh that it shows: who runs, and where it can be asked.
import type { Problem } from '@meltemi/base';

/** A proxy with its pod. Addresses are `host:port`. */
export interface MeshWorkload {
  readonly name: string;
  readonly namespace: string;
  /** Empty: it serves none. */
  readonly service: string;
  readonly version: string;
  readonly pod: string;
  readonly kind: 'workload' | 'gateway';
  readonly state: 'running' | 'starting' | 'restarting';
  /** The proxy's admin server. */
  readonly admin: string;
  /** The services that the application reaches at addresses of its own: `address` → `host:port`. */
  readonly outbound: Readonly<Record<string, string>>;
}

export interface MeshMembers {
  readonly workloads: readonly MeshWorkload[];
  readonly controlPlane: { readonly http: string; readonly metrics: string };
  /** What the control plane can't know: what keeps pods from running. */
  readonly problems: readonly Problem[];
  /** Paths of configuration are shown relative to it. */
  readonly configDirectory: string;
  /** What the mesh has of its own is kept there; its configuration is not shown. */
  readonly stateDirectory: string;
}

/** Asked at each look; undefined when no mesh runs. */
export type MeshSource = () => MeshMembers | undefined;
