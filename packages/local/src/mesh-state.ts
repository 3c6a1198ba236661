// The running mesh as a file: written by the one process that runs it, read by `status`, `down`, `logs`, `istioctl`.
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import type { Problem } from '@meltemi/base';
import { isSameProcess, type ProcessIdentity } from './process-identity.ts';
import type { StateDirectory } from './state-directory.ts';
import { writePrivateFile } from './workload-token.ts';

export type WorkloadPhase = 'starting' | 'running' | 'restarting';

/** One workload as `status -o json` shows it. Addresses are `host:port`; a pid is 0 while the process restarts. */
export interface WorkloadStatus {
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  readonly version: string;
  readonly pid: number;
  /** Where the application listens; empty when it has no port. */
  readonly address: string;
  readonly sidecar: {
    readonly pid: number;
    readonly admin: string;
    /** Where the sidecar takes the mesh's traffic for the application, in mutual TLS; empty when it has no port. */
    readonly inbound: string;
    /** The sidecar's HTTP proxy for the application (`HTTP_PROXY`). */
    readonly httpProxy: string;
  };
  readonly pod: string;
  readonly phase: WorkloadPhase;
  readonly restarts: number;
}

/** The contract of `./mesh status -o json`. */
export interface MeshStatus {
  readonly workloads: readonly WorkloadStatus[];
  readonly ingress: {
    readonly url: string;
    /** Where each server port of the Gateways is: `host:port` by the number written there. */
    readonly ports: Readonly<Record<string, string>>;
    readonly pid: number;
    readonly admin: string;
  };
  readonly controlPlane: {
    readonly pid: number;
    readonly grpc: string;
    readonly secureGrpc: string;
    readonly http: string;
    readonly metrics: string;
  };
  /** Address of the web console; empty when it is off. */
  readonly console: string;
  readonly configDirectory: string;
  readonly stateDirectory: string;
}

/** What the state file holds. */
export interface MeshState {
  readonly supervisor: ProcessIdentity;
  readonly status: MeshStatus;
  /** What keeps Deployments of the directory from running here. */
  readonly problems: readonly Problem[];
  /** Environments of the applications by workload name, for `mesh exec`. */
  readonly environments: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Where applications reach services, by workload name: the address → `host:port` of the service. */
  readonly outbound: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export function writeMeshState(directory: StateDirectory, state: MeshState): void {
  writePrivateFile(directory.stateFile, `${JSON.stringify(state, null, 2)}\n`);
}

export function removeMeshState(directory: StateDirectory): void {
  if (existsSync(directory.stateFile)) unlinkSync(directory.stateFile);
}

/** The mesh that runs with this state file; undefined when none does (a file left by a killed one counts as none). */
export function readMeshState(stateFile: string): MeshState | undefined {
  let text: string;
  try {
    text = readFileSync(stateFile, 'utf8');
  } catch {
    return undefined;
  }
  const state = JSON.parse(text) as MeshState;
  return isSameProcess(state.supervisor) ? state : undefined;
}
