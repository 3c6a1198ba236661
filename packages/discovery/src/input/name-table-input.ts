// The hosts that a namespace sees and their addresses, for the DNS of agents.
import { isIP } from 'node:net';
import type { Service } from '@meltemi/registry';
import type { NamespaceScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';

export interface NameTableInput {
  /** There is one table, without a name. */
  readonly name: '';
  readonly entries: readonly NameEntry[];
}

/** Nobody looks up names at a gateway. */
export const NO_NAMES: NameTableInput = { name: '', entries: [] };

export interface NameEntry {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly registry: 'Kubernetes' | 'External';
  readonly name: string;
  readonly namespace: string;
}

/** Where callers dial addresses that are not the service's own, those of its endpoints; what has neither is not answered for. */
export function nameTableInput({ called }: NamespaceScope, { registry }: Pick<Snapshot, 'registry'>): NameTableInput {
  const entries = called.map((service): NameEntry => {
    const { host, name, namespace, entry } = service;
    const addresses = addressesOf(service, registry);
    return { host, addresses, registry: entry ? 'External' : 'Kubernetes', name, namespace };
  });
  return { name: '', entries: entries.filter(({ addresses }) => addresses.length > 0) };
}

function addressesOf(service: Service, registry: Snapshot['registry']): readonly string[] {
  const own = (service.addresses ?? [service.address]).filter((address) => isIP(address) !== 0);
  if (own.length > 0 || !(service.headless || service.resolution === 'passthrough')) return own;
  const [port] = service.ports;
  const endpoints = port ? registry.instances(service.host, port.number, service.namespace) : [];
  const served = endpoints.map(({ address }) => address.host).filter((address) => isIP(address) !== 0);
  return [...new Set(served)].toSorted();
}
