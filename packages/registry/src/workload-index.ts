// Workloads → each by its name and by its address.
import type { Workload } from './workload.ts';

export interface WorkloadIndex {
  named(namespace: string, name: string): Workload | undefined;
  /** The only one at an address; pods of one machine may share theirs. */
  at(namespace: string, address: string): Workload | undefined;
}

export function workloadIndex(workloads: readonly Workload[]): WorkloadIndex {
  const byName = new Map<string, Workload>();
  const byAddress = new Map<string, Workload | undefined>();
  for (const workload of workloads) {
    const name = `${workload.namespace}/${workload.name}`;
    if (!byName.has(name)) byName.set(name, workload);
    const address = `${workload.namespace}/${workload.address}`;
    byAddress.set(address, byAddress.has(address) ? undefined : workload);
  }
  return {
    named: (namespace, name) => byName.get(`${namespace}/${name}`),
    at: (namespace, address) => byAddress.get(`${namespace}/${address}`),
  };
}
