// The hosts that a namespace sees and their addresses, for the DNS of agents.
import { isIP } from 'node:net';
import { serviceHost } from '@meltemi/base';
import type { Service } from '@meltemi/registry';
import type { NamespaceScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';

export interface NameTableInput {
  /** There is one table, without a name. */
  readonly name: '';
  readonly entries: readonly NameEntry[];
}

export interface NameEntry {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly registry: 'Kubernetes' | 'External';
  readonly name: string;
  readonly namespace: string;
}

/** A service without an address of its own has those of its endpoints; what has neither is not answered for. */
export function nameTableInput(
  { called }: NamespaceScope,
  { registry, mesh }: Pick<Snapshot, 'registry' | 'mesh'>,
): NameTableInput {
  const entries = called.map((service): NameEntry => {
    const { host, name, namespace } = service;
    const own = host === serviceHost(name, namespace, mesh.domain);
    const addresses = addressesOf(service, registry);
    return { host, addresses, registry: own ? 'Kubernetes' : 'External', name, namespace };
  });
  return { name: '', entries: entries.filter(({ addresses }) => addresses.length > 0) };
}

function addressesOf(service: Service, registry: Snapshot['registry']): readonly string[] {
  const own = (service.addresses ?? [service.address]).filter((address) => isIP(address) !== 0);
  if (own.length > 0 || service.resolution !== 'registry') return own;
  const endpoints = service.ports.flatMap((port) => registry.instances(service.host, port.number));
  const served = endpoints.map(({ address }) => address.host).filter((address) => isIP(address) !== 0);
  return [...new Set(served)].toSorted();
}
