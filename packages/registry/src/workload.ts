// A running instance of an application: a pod.
import type { Labels, Source } from '@meltemi/base';
import type { Placement } from './placement.ts';

export interface ContainerPort {
  readonly name: string;
  readonly number: number;
}

export interface Workload {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly node: string;
  /** `region/zone/subzone` of its node, or empty. */
  readonly locality: string;
  /** The pod's address; empty until it has one. */
  readonly address: string;
  readonly ports: readonly ContainerPort[];
  /** Ports that only the platform asks: those of health probes, in order. */
  readonly managementPorts: readonly number[];
  readonly ready: boolean;
  /** Set for a pod that shares its network with others. */
  readonly placement: Placement | undefined;
  readonly source: Source;
}
