// Google's Maglev table (https://research.google/pubs/pub44824/ §3.4): one array access a pick, slots in proportion to weight.
import { type Dice, type Hash64, remainder64, xxHash64 } from '@meltemi/base';
import type { BalancedHost, Balancer, HostShare } from './balanced-host.ts';
import { rollHash } from './hash-roll.ts';

/** `tableSize` is prime. Without a hash the slot is random. The table is Envoy's, slot for slot. */
export function maglev<H extends BalancedHost>(
  shares: readonly HostShare<H>[],
  dice: Dice,
  tableSize: number,
): Balancer<H> {
  const table = buildTable(shares, tableSize);
  return {
    pick(hash, attempt) {
      if (shares.length === 0) return undefined;
      return shares[table[remainder64(another(hash ?? rollHash(dice), attempt), tableSize)]!]!.host;
    },
  };
}

/** A further attempt changes most bits of the hash: xor with 2^64 - attempt. */
function another(hash: Hash64, attempt: number): Hash64 {
  if (attempt === 0) return hash;
  return { high: ~hash.high >>> 0, low: (hash.low ^ -attempt) >>> 0 };
}

/** A host's walk over the table, and how far it got. */
interface Walk {
  readonly host: number;
  readonly key: string;
  readonly skip: number;
  readonly weight: number;
  position: number;
  target: number;
}

/** Hosts take turns to claim their next preferred free slot; lighter hosts sit out in proportion. */
function buildTable(shares: readonly HostShare<BalancedHost>[], size: number): Int32Array {
  const table = new Int32Array(size).fill(-1);
  if (shares.length === 0) return table;
  const heaviest = shares.reduce((most, { share }) => Math.max(most, share), 0);
  const walks = walksOf(shares, size);
  for (let filled = 0, round = 1; filled < size; round++) {
    for (const walk of walks) {
      // In round n a host has claimed about n * weight / heaviest slots.
      if (round * walk.weight < walk.target) continue;
      walk.target += heaviest;
      claim(table, walk);
      if (++filled === size) break;
    }
  }
  return table;
}

/** In the order of their keys, so that the order of an endpoint list does not matter. */
function walksOf(shares: readonly HostShare<BalancedHost>[], size: number): readonly Walk[] {
  const walks = shares.map(({ host: { hashKey: key }, share: weight }, host) => ({
    host,
    key,
    skip: (remainder64(xxHash64(key, 1), size - 1) % (size - 1)) + 1,
    weight,
    position: remainder64(xxHash64(key), size),
    target: 0,
  }));
  return walks.sort((a, b) => (a.key === b.key ? 0 : a.key < b.key ? -1 : 1));
}

function claim(table: Int32Array, walk: Walk): void {
  while (table[walk.position] !== -1) walk.position = (walk.position + walk.skip) % table.length;
  table[walk.position] = walk.host;
  walk.position = (walk.position + walk.skip) % table.length;
}
