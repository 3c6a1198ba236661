// The addresses by which callers dial a service: single ones, and blocks of them.
import { isIP } from 'node:net';
import { ofFamilies, type Service } from '@meltemi/registry';
import type { IpFamilies } from '../proxy-node.ts';

export interface ServiceAddresses {
  readonly single: readonly string[];
  /** `10.0.0.0/8` */
  readonly blocks: readonly string[];
}

/** Neither: the service is told by port or name alone. */
export function serviceAddresses({ address, addresses }: Service): ServiceAddresses {
  const written = (addresses ?? [address]).filter((each) => each !== '').map(withoutWhole);
  return {
    single: written.filter((each) => isIP(each) !== 0),
    blocks: written.filter((each) => each.includes('/')),
  };
}

/** True when callers dial addresses of its own. */
export function isAddressed(service: Service): boolean {
  const { single, blocks } = serviceAddresses(service);
  return single.length + blocks.length > 0;
}

const answered = new WeakMap<Service, Map<string, Service>>();

/** A service without addresses as a proxy has it that answers for its name; the same object for the same families. */
export function withAllocated(service: Service, families: IpFamilies): Service {
  const addresses = ofFamilies(service.allocated ?? [], families);
  if (addresses.length === 0) return service;
  const known = answered.get(service) ?? new Map<string, Service>();
  answered.set(service, known);
  const key = addresses.join();
  const same = known.get(key) ?? { ...service, address: addresses[0]!, addresses };
  known.set(key, same);
  return same;
}

/** A block of one address is that address. */
function withoutWhole(written: string): string {
  const [address, length] = written.split('/');
  const whole = isIP(address!) === 6 ? '128' : '32';
  return length === whole ? address! : written;
}
