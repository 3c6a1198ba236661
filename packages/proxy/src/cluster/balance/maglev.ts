// Google's Maglev table (https://research.google/pubs/pub44824/ §3.4): one array access a pick, slots in proportion to weight.
import type { Dice } from '@meltemi/base';
import type { BalancedHost, Balancer } from './balanced-host.ts';
import { hash32, rehash32 } from './hash32.ts';

/** `tableSize` is prime. Without a hash the slot is random. */
export function maglev<H extends BalancedHost>(hosts: readonly H[], dice: Dice, tableSize: number): Balancer<H> {
  const table = buildTable(hosts, tableSize);
  return {
    pick(hash, attempt) {
      if (hosts.length === 0) return undefined;
      const slot = hash === undefined ? Math.floor(dice.roll() * tableSize) : rehash32(hash >>> 0, attempt) % tableSize;
      return hosts[table[slot]!];
    },
  };
}

/** A host's walk over the table, and how far it got. */
interface Walk {
  readonly host: number;
  readonly skip: number;
  readonly weight: number;
  position: number;
  target: number;
}

/** Hosts take turns to claim their next preferred free slot; lighter hosts sit out in proportion. */
function buildTable(hosts: readonly BalancedHost[], size: number): Int32Array {
  const table = new Int32Array(size).fill(-1);
  if (hosts.length === 0) return table;
  const heaviest = Math.max(...hosts.map((host) => host.weight));
  const walks = walksOf(hosts, size);
  for (let filled = 0, round = 1; filled < size; round++) {
    for (const walk of walks) {
      // Envoy's weighting: in round n a host has claimed about n * weight / heaviest slots.
      if (round * walk.weight < walk.target) continue;
      walk.target += heaviest;
      claim(table, walk);
      if (++filled === size) break;
    }
  }
  return table;
}

/** In the order of their keys, so that the order of an endpoint list does not matter. */
function walksOf(hosts: readonly BalancedHost[], size: number): readonly Walk[] {
  const walks = hosts.map((host, index) => ({
    host: index,
    skip: (hash32(host.hashKey, 1) % (size - 1)) + 1,
    weight: host.weight,
    position: hash32(host.hashKey, 0) % size,
    target: 0,
  }));
  return walks.sort((a, b) => (hosts[a.host]!.hashKey < hosts[b.host]!.hashKey ? -1 : 1));
}

function claim(table: Int32Array, walk: Walk): void {
  while (table[walk.position] !== -1) walk.position = (walk.position + walk.skip) % table.length;
  table[walk.position] = walk.host;
}
