// Services without addresses → addresses that proxies answer with where they catch DNS: the same from every control plane.
// https://istio.io/latest/docs/ops/configuration/traffic-management/dns-proxy/#address-auto-allocation
import { isIPv4 } from 'node:net';
import type { Service } from './service.ts';

/** Slots for services: the hash of a service's name chooses its own. */
const SLOTS = 256 * 254;
/** A prime below the number of slots: the step from a slot that is taken. */
const PRIME = 65_011;
const FNV_OFFSET = 0x81_1c_9d_c5;
const FNV_PRIME = 0x01_00_01_93;

type Name = Pick<Service, 'host' | 'namespace'>;

/** By `namespace/host`, IPv4 and IPv6. `taken`: addresses that somebody else has. */
export function allocatedAddresses(
  services: readonly Name[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const names = [...new Set(services.map(({ namespace, host }) => `${namespace}/${host}`))].sort();
  const slots = new Map<number, string>();
  for (const name of names.slice(0, SLOTS - 1)) slots.set(freeSlot(name, slots), name);
  return numbered(
    [...slots].sort(([a], [b]) => a - b),
    taken,
  );
}

/** The addresses follow the slots; `240.240.X.0` and those that are taken are passed over. */
function numbered(slots: readonly (readonly [number, string])[], taken: ReadonlySet<string>) {
  let passed = 0;
  return new Map(
    slots.map(([slot, name]) => {
      let number = slot + 1 + passed;
      while (number % 255 === 0 || taken.has(ipv4(number))) {
        number += 1;
        passed += 1;
      }
      return [name, [ipv4(number), ipv6(number)]] as const;
    }),
  );
}

function freeSlot(name: string, slots: ReadonlyMap<number, string>): number {
  const hash = fnv1a(name);
  const step = PRIME - (hash % PRIME);
  let slot = hash % SLOTS;
  for (let tries = 1; slots.has(slot); tries++) slot = ((hash + tries * step) >>> 0) % (SLOTS - 1);
  return slot;
}

function ipv4(number: number): string {
  return `240.240.${Math.trunc(number / 255)}.${number % 255}`;
}

function ipv6(number: number): string {
  return `2001:2::f0f0:${((Math.trunc(number / 255) << 8) | (number % 255)).toString(16)}`;
}

/** Of 32 bits. http://www.isthe.com/chongo/tech/comp/fnv/ */
function fnv1a(text: string): number {
  return Buffer.from(text).reduce((hash, byte) => Math.imul(hash ^ byte, FNV_PRIME) >>> 0, FNV_OFFSET);
}

/** Those of the families that somebody speaks. */
export function ofFamilies(
  addresses: readonly string[],
  families: { readonly ipv4: boolean; readonly ipv6: boolean },
): readonly string[] {
  return addresses.filter((address) => (isIPv4(address) ? families.ipv4 : families.ipv6));
}
