// The addresses by which callers dial a service: single ones, and blocks of them.
import { isIP } from 'node:net';
import type { Service } from '@meltemi/registry';

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

/** A block of one address is that address. */
function withoutWhole(written: string): string {
  const [address, length] = written.split('/');
  const whole = isIP(address!) === 6 ? '128' : '32';
  return length === whole ? address! : written;
}
