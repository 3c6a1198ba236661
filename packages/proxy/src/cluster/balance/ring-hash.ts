// A ring of points, several a host by weight: a hash goes to the next point, so removing a host moves only its keys.
import type { Dice } from '@meltemi/base';
import type { BalancedHost, Balancer } from './balanced-host.ts';
import { hash32 } from './hash32.ts';

export interface RingSize {
  readonly minimum: number;
  readonly maximum: number;
}

/** Without a hash the point is random. */
export function ringHash<H extends BalancedHost>(hosts: readonly H[], dice: Dice, size: RingSize): Balancer<H> {
  const ring = buildRing(hosts, size);
  return {
    pick(hash, attempt) {
      if (ring.hosts.length === 0) return undefined;
      const key = hash === undefined ? Math.floor(dice.roll() * 0x1_0000_0000) : hash >>> 0;
      return ring.hosts[(nextPoint(ring.points, key) + attempt) % ring.hosts.length];
    },
  };
}

interface Ring<H> {
  readonly points: Uint32Array;
  readonly hosts: readonly H[];
}

/**
 * Every host gets points in proportion to its weight
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers#ring-hash).
 * The lightest host's share is a power of two, where Envoy takes the least whole number: so one host more or less hardly
 * ever changes the points of the others.
 */
function buildRing<H extends BalancedHost>(hosts: readonly H[], size: RingSize): Ring<H> {
  const total = hosts.reduce((sum, host) => sum + host.weight, 0);
  const least = Math.min(...hosts.map((host) => host.weight)) / total;
  const scale = Math.min(2 ** Math.ceil(Math.log2(Math.max(1, least * size.minimum))) / least, size.maximum);
  const entries: { readonly point: number; readonly host: H }[] = [];
  for (const host of hosts) {
    const count = Math.max(1, Math.round((host.weight / total) * scale));
    for (let index = 0; index < count; index++) {
      entries.push({ point: hash32(`${host.hashKey}_${index}`, 0), host });
    }
  }
  entries.sort((a, b) => a.point - b.point || (a.host.hashKey < b.host.hashKey ? -1 : 1));
  return { points: Uint32Array.from(entries, (entry) => entry.point), hosts: entries.map((entry) => entry.host) };
}

/** Index of the first point at or after the hash; around the end to 0. */
function nextPoint(points: Uint32Array, hash: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]! >= hash) high = middle;
    else low = middle + 1;
  }
  return low === points.length ? 0 : low;
}
